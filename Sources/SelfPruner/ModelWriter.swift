import Checkpoints
import Export
import Foundation
import Tokenization

/// Writes a model in the form that was asked for.
struct ModelWriter {
    private let form: OutputForm
    /// What the model was made from: its types, tokenizer and metadata go on.
    private let original: any Checkpoint
    private let tokenizer: Tokenizer

    /// The file in a folder that is a GGUF output.
    static let fileName = "model.gguf"

    init(_ form: OutputForm, original: any Checkpoint, tokenizer: Tokenizer) {
        self.form = form
        self.original = original
        self.tokenizer = tokenizer
    }

    /// What weights are stored as: `bfloat16`, `q4_k_m`.
    var elementName: String { form.format == .gguf ? quantization.rawValue : element.torchName }

    /// - Parameter output: a folder, or for GGUF also a file.
    /// - Returns: the weights as they come back from what was written.
    /// - Throws: `ExportError`, `TokenizerError`; what cannot be read of the weights.
    func write(_ weights: any WeightSource, to output: any PendingOutput) throws -> any WeightSource {
        guard let folder = output as? OutputFolder else { return try writeGGUF(weights, to: output.path) }
        if form.format == .gguf { return try writeGGUF(weights, to: folder.path + "/" + Self.fileName) }
        let laidOut: any WeightSource = form.format == .hfPadded ? PaddedWeights(weights) : weights
        try HuggingFaceExport(
            laidOut, element: element, companions: tokenizer.companionFiles(of: original),
            maximumShardBytes: form.maximumShardBytes ?? HuggingFaceExport.defaultShardBytes
        ).write(to: folder)
        let types = weights.description.weightShapes.map { ($0.weight, element.type) }
        return RoundedWeights(weights, types: Dictionary(uniqueKeysWithValues: types))
    }

    /// Bytes of the files with weights that a model of this shape makes: of `model.gguf`, its tokenizer included, or of
    /// all safetensors files.
    /// - Throws: `ExportError`, `TokenizerError`.
    func byteCount(_ description: ModelDescription) throws -> Int {
        let weights = UnreadWeights(description)
        if form.format == .gguf {
            return try GGUFExport(weights, quantization: quantization, metadata: metadata(description)).byteCount()
        }
        let laidOut: any WeightSource = form.format == .hfPadded ? PaddedWeights(weights) : weights
        return HuggingFaceExport(
            laidOut, element: element, companions: [],
            maximumShardBytes: form.maximumShardBytes ?? HuggingFaceExport.defaultShardBytes
        ).weightBytes
    }

    private func writeGGUF(_ weights: any WeightSource, to path: String) throws -> any WeightSource {
        let export = GGUFExport(weights, quantization: quantization, metadata: try metadata(weights.description))
        try export.write(to: path)
        return RoundedWeights(weights, types: export.types)
    }

    private func metadata(_ description: ModelDescription) throws -> GGUFExport.Metadata {
        if original.format == .gguf { return .copied(from: original.path) }
        return .made(
            try tokenizer.ggufMetadata(
                vocabularySize: description.vocabularySize, endOfTextTokens: description.endOfTextTokens),
            name: URL(fileURLWithPath: original.path).standardizedFileURL.lastPathComponent)
    }

    // MARK: Types

    /// Parameters of the matrices by stored type: vectors are float32 in every GGUF file.
    private var elements: [String: Int] {
        original.storedTensors.reduce(into: [:]) { counts, entry in
            guard let shape = original.description.weightShape(entry.key), shape.columns != nil else { return }
            counts[entry.value.elementType, default: 0] += shape.count
        }
    }

    private var quantization: GGUFQuantization {
        GGUFQuantization(rawValue: form.quantization.rawValue) ?? GGUFQuantization(keeping: elements)
    }

    private var element: StoredElement {
        switch form.elementType {
        case .auto: StoredElement(keeping: elements.keys)
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        }
    }
}

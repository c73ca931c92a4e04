import Checkpoints
import Foundation
import Tokenization

/// A Hugging Face folder: config.json, safetensors and the tokenizer's files. A model whose blocks differ gets the Python
/// file by which transformers loads it (`trust_remote_code=True`).
package struct HuggingFaceExport: Sendable {
    package let weights: any WeightSource
    package let element: StoredElement
    private let companions: [TokenizerFile]
    private let maximumShardBytes: Int

    /// Bytes of one file, as transformers splits them.
    package static let defaultShardBytes = 5_000_000_000

    /// - Parameters:
    ///   - companions: files that go with the weights.
    ///   - maximumShardBytes: weights are split into files of at most so many bytes; a weight is never split.
    package init(
        _ weights: any WeightSource, element: StoredElement, companions: [TokenizerFile],
        maximumShardBytes: Int = defaultShardBytes
    ) {
        self.weights = weights
        self.element = element
        self.companions = companions
        self.maximumShardBytes = maximumShardBytes
    }

    /// - Throws: `ExportError.notWritable`, and what cannot be read of the weights.
    package func write(to folder: OutputFolder) throws {
        let description = weights.description
        let shards = shards
        for (name, shapes) in shards.files {
            try writer(shapes).write(to: folder.path + "/" + name) { place in
                try weights.values(of: shapes[place].weight) ?? []
            }
        }
        if let index = try shards.index() { try folder.write(SafetensorsShards.indexName, index) }
        var configuration = HuggingFaceConfiguration(description, elementType: element.torchName)
        if !description.isPlainLlama {
            configuration.autoMap = HuggingFaceConfiguration.AutoMap(RemoteCode.autoMap)
            try folder.write(RemoteCode.fileName, RemoteCode.source)
        }
        try folder.write("config.json", configuration.json())
        for file in companions { try folder.write(file.name, file.bytes) }
    }

    /// Bytes of the safetensors files that `write` makes; no weight is read for it.
    package var weightBytes: Int { shards.files.reduce(0) { $0 + writer($1.shapes).byteCount } }

    private var shards: SafetensorsShards {
        SafetensorsShards(weights.description.weightShapesInOrder, element: element, maximumBytes: maximumShardBytes)
    }

    private func writer(_ shapes: [WeightShape]) -> SafetensorsWriter {
        SafetensorsWriter(
            shapes.map { SafetensorsWriter.Entry(name: $0.huggingFaceKey, shape: $0.shape) }, element: element)
    }
}

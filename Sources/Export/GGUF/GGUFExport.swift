import Checkpoints

/// A GGUF file for llama.cpp: architecture `llama` where all blocks are alike, else `deci` with a size for every block
/// (keys: ggml's `docs/gguf.md` and llama.cpp's `src/llama-arch.cpp`).
package struct GGUFExport: Sendable {
    package let weights: FoldedWeights
    package let quantization: GGUFQuantization
    private let metadata: Metadata
    private let mixture: QuantizationMixture

    private var description: ModelDescription { weights.description }

    /// What the file says beside hyperparameters and weights.
    package enum Metadata: Sendable {
        /// All that the GGUF file says that the model was, its tokenizer included.
        case copied(from: String)
        /// Of a model that was no GGUF file.
        case made(GGUFTokenizerMetadata, name: String)
    }

    package init(_ weights: any WeightSource, quantization: GGUFQuantization, metadata: Metadata) {
        self.weights = FoldedWeights(weights)
        self.quantization = quantization
        self.metadata = metadata
        mixture = QuantizationMixture(quantization, self.weights.description)
    }

    /// The types that the weights of the model are stored as, by their names before they were laid out for the file.
    package var types: [Weight: ElementType] {
        var types: [Weight: ElementType] = [:]
        for shape in tensors {
            if let origin = weights.origin(of: shape.weight) { types[origin] = mixture.type(of: shape) }
        }
        return types
    }

    /// Block by block, as a program reads them. A bias that a removed attention leaves is folded away.
    private var tensors: [WeightShape] {
        description.weightShapesInOrder.filter { !$0.isConstant }
    }

    private var divisors: [Float]? { description.rope.divisors(headSize: description.headSize) }

    /// - Throws: `ExportError`: `unsupported`, `notWritable`; what cannot be read.
    package func write(to path: String) throws {
        try check(path)
        let header = try header(path)
        let file = try FileSink(path)
        try header.bytes.withUnsafeBytes { try file.append($0) }
        if let divisors { try append(divisors, .float32, header.alignment, to: file) }
        for shape in tensors {
            try append(try values(shape), mixture.type(of: shape), header.alignment, to: file)
        }
        try file.close()
    }

    /// Bytes of the file that `write` makes; no weight is read for it.
    /// - Throws: `ExportError`.
    package func byteCount() throws -> Int {
        let header = try header("")
        func padded(_ bytes: Int) -> Int { (bytes + header.alignment - 1) / header.alignment * header.alignment }
        let weights = tensors.reduce(0) { sum, shape in
            let type = mixture.type(of: shape)
            return sum + padded(shape.count / type.blockElements * type.blockBytes)
        }
        return header.bytes.count + padded((divisors?.count ?? 0) * MemoryLayout<Float>.size) + weights
    }

    /// All that comes before the tensors' data.
    private func header(_ path: String) throws -> GGUFMetadataWriter {
        let tensors = tensors
        let header = try GGUFMetadataWriter(tensorCount: tensors.count + 1, path: path)
        switch metadata {
        case .copied(let original):
            try header.copyPairs(
                of: original,
                exceptThoseOf: description.architecture.ggufNames.map { $0 + "." } + [
                    "general.architecture", "general.file_type", "general.quantization_version", "general.alignment",
                    "general.size_label", "split.", "quantize.",
                ])
        case .made(let tokenizer, let name):
            set(tokenizer, header)
            header.set("general.name", name)
            header.set("general.type", "model")
        }
        setHyperparameters(header)
        if let divisors { header.add("rope_freqs.weight", .float32, shape: [divisors.count]) }
        for shape in tensors { header.add(shape.ggufKey, mixture.type(of: shape), shape: shape.shape) }
        return header
    }

    /// llama.cpp wants biases of the queries to be as wide as the hidden state.
    private func check(_ path: String) throws(ExportError) {
        guard description.biases.contains(.queryKeyValue) else { return }
        for (index, block) in description.blocks.enumerated()
        where block.queryHeads > 0 && block.queryHeads * description.headSize != description.hiddenSize {
            throw ExportError(
                .unsupported,
                "Block \(index) has query biases and fewer heads than the hidden state is wide, which llama.cpp does "
                    + "not load; export to the formats hf or hf-padded instead", path: path)
        }
    }

    private func append(_ values: [Float], _ type: ElementType, _ alignment: Int, to file: FileSink) throws {
        let bytes = TensorEncoder.encode(values, as: type)
        try bytes.withUnsafeBytes { try file.append($0) }
        let padding = [UInt8](repeating: 0, count: (alignment - bytes.count % alignment) % alignment)
        try padding.withUnsafeBytes { try file.append($0) }
    }

    /// Rows in the order of the file.
    private func values(_ shape: WeightShape) throws -> [Float] {
        let values = try weights.values(of: shape.weight) ?? []
        guard shape.isRotaryPermutedInGGUF else { return values }
        let order = RowOrder.interleavedPairs(headSize: description.headSize)
        let width = shape.columns ?? 1
        var result = values
        for row in 0..<shape.rows {
            let target = order.storedRow(of: row) * width
            result.replaceSubrange(target..<target + width, with: values[row * width..<(row + 1) * width])
        }
        return result
    }
}

extension ModelDescription {
    /// All weights, those of a block together: the embedding, the blocks, the final norm and the head.
    var weightShapesInOrder: [WeightShape] {
        let shapes = weightShapes
        var sorted = shapes.filter { $0.weight.role == .tokenEmbedding }
        let byBlock = Dictionary(grouping: shapes) { $0.weight.block ?? -1 }
        for block in blocks.indices { sorted += byBlock[block] ?? [] }
        return sorted + (byBlock[-1] ?? []).filter { $0.weight.role != .tokenEmbedding }
    }
}

import CGGML

/// One GGUF file: hyper-parameters, tokenizer and tensors, whose elements ggml dequantises.
package struct GGUFCheckpoint: Checkpoint {
    package let path: String
    package var format: CheckpointFormat { .gguf }
    package let description: ModelDescription
    package let tokenizer: TokenizerSource
    private let weights: WeightTable

    /// - Throws: `CheckpointError` naming file, tensor and offset.
    package init(path: String) throws(CheckpointError) {
        try self.init(MappedFile(path: path))
    }

    init(_ file: MappedFile) throws(CheckpointError) {
        var scanner = GGUFScanner(file)
        let header = try scanner.header()
        try Self.confirm(header, of: file)
        let metadata = GGUFMetadata(file: file, values: header.values)
        let tensors = header.tensors.mapValues { StoredWeight(file: file, tensor: $0) }
        let description = try metadata.description(tensors: tensors)
        path = file.path
        self.description = description
        weights = try WeightTable(description, tensors: tensors, format: .gguf, path: file.path)
        tokenizer = .gguf(try metadata.tokenizer())
    }

    package var storedTensors: [Weight: StoredTensor] { weights.storedTensors }

    package func read(
        _ weight: Weight, into destination: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        try weights.read(weight, into: destination, path: path)
    }

    /// Asks ggml whether it reads the same file: the scanner must not accept what no other program loads.
    private static func confirm(_ header: GGUFHeader, of file: MappedFile) throws(CheckpointError) {
        let whole = file.bytes(at: 0, count: file.count)
        let parameters = gguf_init_params(no_alloc: true, ctx: nil)
        guard let context = gguf_init_from_buffer(whole?.baseAddress, file.count, parameters) else {
            throw CheckpointError(.badHeader, "is refused by ggml", file: file.path)
        }
        defer { gguf_free(context) }
        guard gguf_get_n_tensors(context) == header.tensors.count,
            header.tensors.isEmpty || gguf_get_data_offset(context) == header.dataOffset
        else {
            throw CheckpointError(.badHeader, "is read differently by ggml", file: file.path)
        }
    }
}

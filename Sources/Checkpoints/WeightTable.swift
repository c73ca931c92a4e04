/// Where each weight of a description is stored, checked against the description's shapes.
struct WeightTable: Sendable {
    private var weights: [Weight: StoredWeight] = [:]
    /// Biases that other blocks have: where a file has none, they are 0.
    private var zeros: Set<Weight> = []

    /// GGUF files tell by their tensors which biases there are, so that a bias may be absent from some blocks.
    /// - Parameters:
    ///   - tensors: what the checkpoint holds, by its own names; others than the description's are ignored, but for what changes their values.
    ///   - path: the file or folder to name when a tensor is missing.
    /// - Throws: `CheckpointError`: `.missingTensor`, `.wrongShape`, `.unsupportedType` or
    ///   `.unsupportedFeature`, naming the tensor.
    init(
        _ description: ModelDescription, tensors: [String: StoredWeight], format: CheckpointFormat, path: String
    ) throws(CheckpointError) {
        for shape in description.weightShapes {
            let key = format == .gguf ? shape.ggufKey : shape.huggingFaceKey
            guard var stored = tensors[key] else {
                if format == .gguf, shape.weight.role.isBias {
                    zeros.insert(shape.weight)
                    continue
                }
                throw CheckpointError(.missingTensor, "is missing", file: path, tensor: key)
            }
            if format == .gguf, key.hasSuffix(".weight") {
                // llama.cpp multiplies the products of such a matrix by it (NVFP4).
                let scale = key.dropLast("weight".count) + "scale"
                guard tensors[String(scale)] == nil else {
                    throw CheckpointError(
                        .unsupportedFeature, "has a factor of its own, which is not supported", file: path, tensor: key)
                }
            }
            try Self.check(stored, is: shape.shape)
            stored.tensor.shape = shape.shape
            guard stored.tensor.type.isReadable else {
                throw CheckpointError(
                    .unsupportedType,
                    "has elements of type \(stored.tensor.type.name), which cannot be read as numbers",
                    file: stored.file.path, tensor: key, offset: stored.tensor.offset)
            }
            if format == .gguf && shape.isRotaryPermutedInGGUF {
                stored.order = .interleavedPairs(headSize: description.headSize)
            }
            weights[shape.weight] = stored
        }
    }

    /// - Throws: `CheckpointError.wrongShape`, unless the stored tensor has this shape, give or take leading ones.
    static func check(_ stored: StoredWeight, is shape: [Int]) throws(CheckpointError) {
        guard Array(stored.tensor.shape.drop { $0 == 1 }) == Array(shape.drop { $0 == 1 }) else {
            throw CheckpointError(
                .wrongShape,
                "is \(text(stored.tensor.shape)) where the configuration calls for \(text(shape))",
                file: stored.file.path, tensor: stored.tensor.name, offset: stored.tensor.offset)
        }
    }

    var storedTensors: [Weight: StoredTensor] {
        weights.mapValues {
            StoredTensor(name: $0.tensor.name, elementType: $0.tensor.type.name, byteCount: $0.tensor.byteCount)
        }
    }

    /// - Throws: `CheckpointError`: `.missingTensor` for a weight the description does not call for, `.notFinite`.
    func read(
        _ weight: Weight, into destination: UnsafeMutableBufferPointer<Float>, path: String
    ) throws(CheckpointError) {
        if zeros.contains(weight) { return destination.update(repeating: 0) }
        guard let stored = weights[weight] else {
            let block = weight.block.map { " of block \($0)" } ?? ""
            throw CheckpointError(.missingTensor, "the model has no \(weight.role.rawValue)\(block)", file: path)
        }
        try stored.read(into: destination)
    }

    private static func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: " × ") }
}

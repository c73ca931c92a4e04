extension GGUFMetadata {
    /// The hyper-parameters, by the keys of ggml's `docs/gguf.md` with llama.cpp's defaults for absent ones.
    /// - Parameter tensors: the file's tensors: they tell which biases there are and whether the head is tied.
    /// - Throws: `CheckpointError`: `.unknownArchitecture`, `.badConfiguration`, `.unsupportedFeature`,
    ///   `.missingTensor` or `.wrongShape` (the token embedding).
    func description(tensors: [String: StoredWeight]) throws(CheckpointError) -> ModelDescription {
        let name = try required(string("general.architecture"), "general.architecture")
        guard let architecture = Architecture.all.first(where: { $0.ggufNames.contains(name) }) else {
            throw .unknownArchitecture(name, known: Architecture.all.flatMap(\.ggufNames), file: file.path)
        }
        if let experts = try integer("\(name).expert_count"), experts > 0 {
            throw CheckpointError(
                .unsupportedFeature, "is a mixture of experts, which is not supported", file: file.path)
        }
        let blockCount = try required(integer("\(name).block_count"), "\(name).block_count")
        // Before anything is allocated for each of them.
        guard (1...max(1, tensors.count)).contains(blockCount) else {
            throw CheckpointError(
                .badConfiguration, "states \(blockCount) blocks and holds \(tensors.count) tensors", file: file.path)
        }
        let hiddenSize = try required(integer("\(name).embedding_length"), "\(name).embedding_length")
        let blocks = try blocks(name, count: blockCount)
        let headSize = try headSize(name, hiddenSize: hiddenSize, firstHeads: blocks[0].queryHeads)
        let vocabularySize = try vocabularySize(name, hiddenSize: hiddenSize, architecture, tensors)
        var endOfTextTokens: [Int] = []
        for kind in ["eos", "eot", "eom"] {
            if let token = try integer("tokenizer.ggml.\(kind)_token_id"), !endOfTextTokens.contains(token) {
                endOfTextTokens.append(token)
            }
        }
        let epsilonKey = "\(name).attention.layer_norm_rms_epsilon"
        return try ModelDescription(
            architecture: architecture, hiddenSize: hiddenSize, vocabularySize: vocabularySize, headSize: headSize,
            normEpsilon: Float(required(double(epsilonKey), epsilonKey)),
            rope: rope(name, headSize: headSize, tensors),
            contextLength: required(integer("\(name).context_length"), "\(name).context_length"),
            tiesEmbeddings: tensors["output.weight"] == nil,
            biases: biases(architecture, blockCount, tensors), blocks: blocks,
            beginOfTextToken: integer("tokenizer.ggml.bos_token_id"), endOfTextTokens: endOfTextTokens
        ).validated(file: file.path)
    }

    private func blocks(_ name: String, count: Int) throws(CheckpointError) -> [BlockShape] {
        let headKey = "\(name).attention.head_count"
        let channelKey = "\(name).feed_forward_length"
        let heads = try required(integers(headKey, count: count), headKey)
        let groups = try integers("\(headKey)_kv", count: count) ?? heads
        let channels = try required(integers(channelKey, count: count), channelKey)
        return (0..<count).map {
            BlockShape(queryHeads: heads[$0], keyValueHeads: groups[$0], channels: channels[$0])
        }
    }

    private func headSize(_ name: String, hiddenSize: Int, firstHeads: Int) throws(CheckpointError) -> Int {
        let keyKey = "\(name).attention.key_length"
        let headSize = try required(
            integer(keyKey) ?? (firstHeads > 0 && hiddenSize > 0 ? hiddenSize / firstHeads : nil), keyKey)
        let valueSize = try integer("\(name).attention.value_length") ?? headSize
        guard valueSize == headSize else {
            throw CheckpointError(
                .unsupportedFeature,
                "has keys of width \(headSize) and values of width \(valueSize); only equal widths are supported",
                file: file.path)
        }
        let rotated = try integer("\(name).rope.dimension_count") ?? headSize
        guard rotated == headSize else {
            throw CheckpointError(
                .unsupportedFeature,
                "rotates \(rotated) of the \(headSize) dimensions of a head; only whole heads are supported",
                file: file.path)
        }
        return headSize
    }

    private func vocabularySize(
        _ name: String, hiddenSize: Int, _ architecture: Architecture, _ tensors: [String: StoredWeight]
    ) throws(CheckpointError) -> Int {
        let key = architecture.weights.first { $0.role == .tokenEmbedding }?.ggufKey ?? ""
        guard let embedding = tensors[key] else {
            throw CheckpointError(.missingTensor, "is missing", file: file.path, tensor: key)
        }
        let rows = embedding.tensor.shape.dropLast().last ?? 1
        try WeightTable.check(embedding, is: [try integer("\(name).vocab_size") ?? rows, hiddenSize])
        return rows
    }

    private func rope(
        _ name: String, headSize: Int, _ tensors: [String: StoredWeight]
    ) throws(CheckpointError) -> RotaryEmbedding {
        var rope = RotaryEmbedding(theta: try double("\(name).rope.freq_base") ?? 10_000)
        let oldFactor = try double("\(name).rope.scale_linear")
        let factor = try double("\(name).rope.scaling.factor") ?? oldFactor
        let kind = try string("\(name).rope.scaling.type") ?? (factor == nil ? "none" : "linear")
        switch kind {
        case "none": break
        case "linear": rope.scaling = factor.map { $0 == 1 || $0 == 0 ? .none : .linear(factor: $0) } ?? .none
        default:
            throw CheckpointError(
                .unsupportedFeature, "scales rotary positions by '\(kind)'; only 'linear' is supported", file: file.path
            )
        }
        if let stored = tensors["rope_freqs.weight"] {
            guard rope.scaling == .none else {
                throw CheckpointError(
                    .unsupportedFeature, "combines linear scaling with frequency divisors, which is not supported",
                    file: file.path, tensor: stored.tensor.name)
            }
            try WeightTable.check(stored, is: [headSize / 2])
            guard stored.tensor.type == .float32 else {
                throw CheckpointError(
                    .unsupportedType, "has elements of type \(stored.tensor.type.name) instead of F32",
                    file: file.path, tensor: stored.tensor.name, offset: stored.tensor.offset)
            }
            // As many as the file holds: the shape has just been compared with the tensor's.
            var divisors = [Float](repeating: 0, count: headSize / 2)
            var failure: CheckpointError?
            divisors.withUnsafeMutableBufferPointer { buffer in
                do throws(CheckpointError) { try stored.read(into: buffer) } catch { failure = error }
            }
            if let failure { throw failure }
            if divisors.contains(where: { $0 != 1 }) { rope.scaling = .divisors(divisors) }
        }
        return rope
    }

    /// A kind of bias is there when any tensor of it is.
    private func biases(_ architecture: Architecture, _ blockCount: Int, _ tensors: [String: StoredWeight]) -> Biases {
        var biases: Biases = []
        for declaration in architecture.weights {
            guard case .bias(let bias) = declaration.presence, !biases.contains(bias) else { continue }
            if (0..<blockCount).contains(where: { tensors[declaration.ggufKey(block: $0)] != nil }) {
                biases.insert(bias)
            }
        }
        return biases
    }

    private func required<Value>(_ value: Value?, _ key: String) throws(CheckpointError) -> Value {
        guard let value else { throw CheckpointError(.badConfiguration, "lacks the key '\(key)'", file: file.path) }
        return value
    }
}

extension Architecture.Declaration {
    func ggufKey(block: Int) -> String { ggufKey.replacing("{block}", with: String(block)) }
}

extension CheckpointError {
    static func unknownArchitecture(_ name: String, known: [String], file: String) -> CheckpointError {
        CheckpointError(
            .unknownArchitecture,
            "has the architecture '\(name)'; supported: \(known.map { "'\($0)'" }.joined(separator: ", "))", file: file)
    }
}

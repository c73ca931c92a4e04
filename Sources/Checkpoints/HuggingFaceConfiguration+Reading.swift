import Foundation

extension HuggingFaceConfiguration {
    /// - Throws: `CheckpointError`: `.notFound`, `.unknownArchitecture`, `.badConfiguration`.
    package init(path: String) throws(CheckpointError) {
        try self.init(file: MappedFile(path: path))
    }

    init(file: MappedFile) throws(CheckpointError) {
        struct Kind: Decodable {
            var modelType: String?

            enum CodingKeys: String, CodingKey { case modelType = "model_type" }
        }
        let data = Data(file.copy(at: 0, count: file.count) ?? [])
        do {
            let decoder = JSONDecoder()
            // The architecture first: another one's configuration need not have the keys of this one's.
            let name = try decoder.decode(Kind.self, from: data).modelType
            let known = Architecture.all.flatMap(\.modelTypes)
            if let name, !known.contains(name) {
                throw CheckpointError.unknownArchitecture(name, known: known, file: file.path)
            }
            self = try decoder.decode(HuggingFaceConfiguration.self, from: data)
        } catch let error as CheckpointError {
            throw error
        } catch {
            throw CheckpointError(.badConfiguration, "cannot be understood: \(describe(error))", file: file.path)
        }
    }

    /// The hyper-parameters, with the defaults of transformers' `LlamaConfig` for absent keys.
    /// - Parameters:
    ///   - maximumBlocks: more blocks than this cannot be in the checkpoint.
    ///   - file: the file to name when something is wrong.
    /// - Throws: `CheckpointError`: `.unknownArchitecture`, `.badConfiguration`, `.unsupportedFeature`,
    ///   `.unsupportedType`.
    package func description(maximumBlocks: Int, file: String) throws(CheckpointError) -> ModelDescription {
        guard let architecture = Architecture.all.first(where: { $0.modelTypes.contains(modelType) }) else {
            throw .unknownArchitecture(modelType, known: Architecture.all.flatMap(\.modelTypes), file: file)
        }
        if let quantization {
            throw CheckpointError(
                .unsupportedType,
                "has weights quantised by '\(quantization.method ?? "an unnamed method")', which cannot be read",
                file: file)
        }
        let activation = activation ?? "silu"
        guard activation == "silu" || activation == "swish" else {
            throw CheckpointError(
                .unsupportedFeature, "has the activation '\(activation)'; only 'silu' is supported", file: file)
        }
        guard (1...max(1, maximumBlocks)).contains(hiddenLayers) else {
            throw CheckpointError(
                .badConfiguration, "states \(hiddenLayers) blocks and comes with \(maximumBlocks) tensors", file: file)
        }
        let blocks = try blocks(file: file)
        guard let headSize = headSize ?? attentionHeads.flatMap({ $0 > 0 ? hiddenSize / $0 : nil }) else {
            throw CheckpointError(.badConfiguration, "lacks the key 'head_dim'", file: file)
        }
        return try ModelDescription(
            architecture: architecture, hiddenSize: hiddenSize, vocabularySize: vocabularySize, headSize: headSize,
            normEpsilon: Float(normEpsilon ?? 1e-6), rope: rope(file: file), contextLength: contextLength ?? 2048,
            tiesEmbeddings: tiesEmbeddings ?? false, biases: biases, blocks: blocks,
            beginOfTextToken: beginOfTextToken?.all.first, endOfTextTokens: endOfTextToken?.all ?? []
        ).validated(file: file)
    }

    private func blocks(file: String) throws(CheckpointError) -> [BlockShape] {
        func perLayer(
            _ list: [Int]?, _ listKey: CodingKeys, _ single: Int?, _ key: CodingKeys
        ) throws(CheckpointError) -> [Int] {
            if modelType == Self.prunedType, let list {
                guard list.count == hiddenLayers else {
                    throw CheckpointError(
                        .badConfiguration,
                        "has \(list.count) values under '\(listKey.rawValue)' for \(hiddenLayers) blocks", file: file)
                }
                return list
            }
            guard let single else {
                throw CheckpointError(.badConfiguration, "lacks the key '\(key.rawValue)'", file: file)
            }
            return Array(repeating: single, count: hiddenLayers)
        }
        let heads = try perLayer(attentionHeadsPerLayer, .attentionHeadsPerLayer, attentionHeads, .attentionHeads)
        let groups = try perLayer(
            keyValueHeadsPerLayer, .keyValueHeadsPerLayer, keyValueHeads ?? attentionHeads, .keyValueHeads)
        let channels = try perLayer(
            intermediateSizePerLayer, .intermediateSizePerLayer, intermediateSize, .intermediateSize)
        return (0..<hiddenLayers).map {
            BlockShape(queryHeads: heads[$0], keyValueHeads: groups[$0], channels: channels[$0])
        }
    }

    private var biases: Biases {
        var biases: Biases = []
        let tellsApart = modelType == Self.prunedType
        if attentionBias == true { biases.formUnion(tellsApart ? .queryKeyValue : [.queryKeyValue, .attentionOutput]) }
        if mlpBias == true { biases.formUnion(tellsApart ? .gateUp : [.gateUp, .down]) }
        if tellsApart && attentionOutputBias == true { biases.insert(.attentionOutput) }
        if tellsApart && mlpDownBias == true { biases.insert(.down) }
        return biases
    }

    private func rope(file: String) throws(CheckpointError) -> RotaryEmbedding {
        let parameters = ropeParameters ?? ropeScaling
        var rope = RotaryEmbedding(theta: ropeParameters?.theta ?? ropeTheta ?? 10_000)
        let partial = parameters?.partialRotaryFactor ?? partialRotaryFactor ?? 1
        guard partial == 1 else {
            throw CheckpointError(
                .unsupportedFeature, "rotates a part of each head (\(partial)); only whole heads are supported",
                file: file)
        }
        guard let parameters else { return rope }
        let kind = parameters.type ?? parameters.legacyType ?? "default"
        func require<Value>(_ value: Value?, _ key: RopeParameters.CodingKeys) throws(CheckpointError) -> Value {
            guard let value else {
                throw CheckpointError(
                    .badConfiguration, "scales rotary positions by '\(kind)' and lacks '\(key.rawValue)'", file: file)
            }
            return value
        }
        switch kind {
        case "default": break
        case "linear": rope.scaling = .linear(factor: try require(parameters.factor, .factor))
        case "llama3":
            rope.scaling = .llama3(
                factor: try require(parameters.factor, .factor),
                lowFrequencyFactor: try require(parameters.lowFrequencyFactor, .lowFrequencyFactor),
                highFrequencyFactor: try require(parameters.highFrequencyFactor, .highFrequencyFactor),
                originalContext: try require(parameters.originalContextLength, .originalContextLength))
        case "longrope" where parameters.shortFactors == parameters.longFactors && parameters.attentionFactor == 1:
            // Then it does not depend on the length of the text, and is nothing but divisors.
            rope.scaling = .divisors(try require(parameters.longFactors, .longFactors))
        default:
            throw CheckpointError(
                .unsupportedFeature,
                "scales rotary positions by '\(kind)'; supported: 'default', 'linear', 'llama3'", file: file)
        }
        return rope
    }
}

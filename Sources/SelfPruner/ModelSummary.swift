import Checkpoints

/// What a checkpoint holds, without running it: the content of `selfpruner inspect --json`.
public struct ModelSummary: Sendable, Codable, Equatable {
    public var path: String
    /// `gguf` or `huggingface`.
    public var format: String
    public var architecture: String
    public var hiddenSize: Int
    public var headSize: Int
    public var vocabularySize: Int
    public var contextLength: Int
    public var tiedEmbeddings: Bool
    public var biases: [String]
    public var ropeTheta: Double
    public var normEpsilon: Double
    /// All parameters; a tied head counts once.
    public var parameters: Int
    /// Those of the decoder blocks: what a pruning rate is a fraction of.
    public var decoderParameters: Int
    /// Embedding, head and final norm.
    public var otherParameters: Int
    /// Bytes of the stored tensors.
    public var bytes: Int
    public var decoderBytes: Int
    /// Stored parameters by element type.
    public var elementTypes: [String: Int]
    public var blocks: [Block]

    public struct Block: Sendable, Codable, Equatable {
        public var index: Int
        public var queryHeads: Int
        public var keyValueHeads: Int
        public var channels: Int
        public var attentionParameters: Int
        public var mlpParameters: Int
        public var parameters: Int
        public var bytes: Int
    }

    /// Reads the headers of a checkpoint.
    /// - Parameter path: a GGUF file or a Hugging Face folder.
    /// - Throws: an error that describes itself in a sentence naming file, tensor and offset.
    public init(inspecting path: String) throws {
        self.init(try openCheckpoint(path))
    }

    init(_ checkpoint: any Checkpoint) {
        let description = checkpoint.description
        path = checkpoint.path
        format = checkpoint.format.rawValue
        architecture = description.architecture.modelTypes[0]
        hiddenSize = description.hiddenSize
        headSize = description.headSize
        vocabularySize = description.vocabularySize
        contextLength = description.contextLength
        tiedEmbeddings = description.tiesEmbeddings
        biases = description.biases.names
        ropeTheta = description.rope.theta
        normEpsilon = Double("\(description.normEpsilon)") ?? Double(description.normEpsilon)
        parameters = description.parameters
        decoderParameters = description.decoderParameters
        otherParameters = description.parameters - description.decoderParameters
        let stored = checkpoint.storedTensors
        bytes = stored.values.reduce(0) { $0 + $1.byteCount }
        decoderBytes = stored.reduce(0) { $0 + ($1.key.block == nil ? 0 : $1.value.byteCount) }
        var elementTypes: [String: Int] = [:]
        var blocks = description.blocks.enumerated().map { index, shape in
            Block(
                index: index, queryHeads: shape.queryHeads, keyValueHeads: shape.keyValueHeads,
                channels: shape.channels, attentionParameters: 0, mlpParameters: 0, parameters: 0, bytes: 0)
        }
        for shape in description.weightShapes {
            // A bias that is 0 in this block need not be stored.
            let tensor = stored[shape.weight]
            if let tensor { elementTypes[tensor.elementType, default: 0] += shape.count }
            guard let block = shape.weight.block else { continue }
            blocks[block].parameters += shape.count
            blocks[block].bytes += tensor?.byteCount ?? 0
            if shape.weight.role.isAttention {
                blocks[block].attentionParameters += shape.count
            } else {
                blocks[block].mlpParameters += shape.count
            }
        }
        self.elementTypes = elementTypes
        self.blocks = blocks
    }
}

extension Weight.Role {
    var isAttention: Bool {
        switch self {
        case .attentionNorm, .queryProjection, .keyProjection, .valueProjection, .outputProjection, .queryBias,
            .keyBias, .valueBias, .outputBias:
            true
        default: false
        }
    }
}

extension Biases {
    var names: [String] {
        let all: [(Biases, String)] = [
            (.queryKeyValue, "queryKeyValue"), (.attentionOutput, "attentionOutput"), (.gateUp, "gateUp"),
            (.down, "down"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }
}

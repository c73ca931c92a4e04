/// The hyper-parameters of a decoder-only transformer, as its checkpoint states them.
///
/// Blocks are described one by one, because pruning makes them differ.
package struct ModelDescription: Sendable, Equatable {
    package var architecture: Architecture
    /// D, the width of the residual stream.
    package var hiddenSize: Int
    package var vocabularySize: Int
    /// Width of one attention head.
    package var headSize: Int
    package var normEpsilon: Float
    package var rope: RotaryEmbedding
    package var contextLength: Int
    /// The output head is the transposed token embedding.
    package var tiesEmbeddings: Bool
    package var biases: Biases
    package var blocks: [BlockShape]
    package var beginOfTextToken: Int?
    package var endOfTextTokens: [Int]

    package init(
        architecture: Architecture, hiddenSize: Int, vocabularySize: Int, headSize: Int, normEpsilon: Float,
        rope: RotaryEmbedding, contextLength: Int, tiesEmbeddings: Bool, biases: Biases = [], blocks: [BlockShape],
        beginOfTextToken: Int? = nil, endOfTextTokens: [Int] = []
    ) {
        self.architecture = architecture
        self.hiddenSize = hiddenSize
        self.vocabularySize = vocabularySize
        self.headSize = headSize
        self.normEpsilon = normEpsilon
        self.rope = rope
        self.contextLength = contextLength
        self.tiesEmbeddings = tiesEmbeddings
        self.biases = biases
        self.blocks = blocks
        self.beginOfTextToken = beginOfTextToken
        self.endOfTextTokens = endOfTextTokens
    }
}

/// What one decoder block keeps. Zero means that the sublayer is gone and only its constant is left as a bias.
package struct BlockShape: Sendable, Equatable {
    /// H, query heads; a multiple of `keyValueHeads`.
    package var queryHeads: Int
    /// G, key/value heads.
    package var keyValueHeads: Int
    /// F, the MLP's intermediate channels.
    package var channels: Int

    package init(queryHeads: Int, keyValueHeads: Int, channels: Int) {
        self.queryHeads = queryHeads
        self.keyValueHeads = keyValueHeads
        self.channels = channels
    }
}

/// Which linear layers of the blocks have a bias vector.
package struct Biases: OptionSet, Sendable, Equatable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// q_proj, k_proj and v_proj.
    package static let queryKeyValue = Biases(rawValue: 1)
    /// o_proj.
    package static let attentionOutput = Biases(rawValue: 2)
    /// gate_proj and up_proj.
    package static let gateUp = Biases(rawValue: 4)
    /// down_proj.
    package static let down = Biases(rawValue: 8)
}

/// Rotary position embedding in the half-split convention of Hugging Face (RoFormer, arXiv 2104.09864).
package struct RotaryEmbedding: Sendable, Equatable {
    package var theta: Double
    package var scaling: Scaling

    package enum Scaling: Sendable, Equatable {
        case none
        /// Positions divided by `factor`.
        case linear(factor: Double)
        /// Llama 3.1's frequency-dependent scaling (`rope_type: llama3`).
        case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalContext: Int)
        /// One divisor per frequency, as GGUF's `rope_freqs.weight` states them.
        case divisors([Float])
    }

    package init(theta: Double, scaling: Scaling = .none) {
        self.theta = theta
        self.scaling = scaling
    }
}

import Checkpoints

/// The float32 weights of one block's attention, matrices row-major [outputs, inputs].
///
/// With no key/value heads the sublayer is gone; `outputBias` is the constant it leaves.
package struct AttentionWeights: Sendable {
    package var hiddenSize: Int
    package var headSize: Int
    /// H
    package var queryHeads: Int
    /// G
    package var keyValueHeads: Int
    package var norm: [Float]
    package var query: [Float]
    package var key: [Float]
    package var value: [Float]
    package var output: [Float]
    package var queryBias: [Float]?
    package var keyBias: [Float]?
    package var valueBias: [Float]?
    package var outputBias: [Float]?

    package var queryWidth: Int { queryHeads * headSize }
    package var keyValueWidth: Int { keyValueHeads * headSize }
}

/// The float32 weights of one block's MLP, matrices row-major [outputs, inputs].
///
/// With no channels the sublayer is gone; `downBias` is the constant it leaves.
package struct MLPWeights: Sendable {
    package var hiddenSize: Int
    /// F
    package var channels: Int
    package var norm: [Float]
    package var gate: [Float]
    package var up: [Float]
    package var down: [Float]
    package var gateBias: [Float]?
    package var upBias: [Float]?
    package var downBias: [Float]?
}

extension WeightSource {
    /// - Throws: what cannot be read.
    package func attentionWeights(block: Int) throws -> AttentionWeights {
        let shape = description.blocks[block]
        let present = shape.keyValueHeads > 0
        return AttentionWeights(
            hiddenSize: description.hiddenSize, headSize: description.headSize,
            queryHeads: present ? shape.queryHeads : 0, keyValueHeads: shape.keyValueHeads,
            norm: try values(.attentionNorm, block) ?? [], query: try values(.queryProjection, block) ?? [],
            key: try values(.keyProjection, block) ?? [], value: try values(.valueProjection, block) ?? [],
            output: try values(.outputProjection, block) ?? [], queryBias: try values(.queryBias, block),
            keyBias: try values(.keyBias, block), valueBias: try values(.valueBias, block),
            outputBias: try values(.outputBias, block))
    }

    /// - Throws: what cannot be read.
    package func mlpWeights(block: Int) throws -> MLPWeights {
        MLPWeights(
            hiddenSize: description.hiddenSize, channels: description.blocks[block].channels,
            norm: try values(.mlpNorm, block) ?? [], gate: try values(.gateProjection, block) ?? [],
            up: try values(.upProjection, block) ?? [], down: try values(.downProjection, block) ?? [],
            gateBias: try values(.gateBias, block), upBias: try values(.upBias, block),
            downBias: try values(.downBias, block))
    }
}

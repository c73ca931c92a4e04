import Checkpoints
import Models

/// The float32 weights of all blocks of a smaller model, and its description.
package struct CompactedBlocks: Sendable {
    package var description: ModelDescription
    package var attention: [AttentionWeights]
    package var mlp: [MLPWeights]

    /// The values of a block's weight, `nil` for weights outside the blocks and those the model does not have.
    package func values(_ weight: Weight) -> [Float]? {
        guard let block = weight.block, description.weightShape(weight) != nil else { return nil }
        switch weight.role {
        case .attentionNorm: return attention[block].norm
        case .queryProjection: return attention[block].query
        case .keyProjection: return attention[block].key
        case .valueProjection: return attention[block].value
        case .outputProjection: return attention[block].output
        case .queryBias: return attention[block].queryBias
        case .keyBias: return attention[block].keyBias
        case .valueBias: return attention[block].valueBias
        case .outputBias: return attention[block].outputBias
        case .mlpNorm: return mlp[block].norm
        case .gateProjection: return mlp[block].gate
        case .upProjection: return mlp[block].up
        case .downProjection: return mlp[block].down
        case .gateBias: return mlp[block].gateBias
        case .upBias: return mlp[block].upBias
        case .downBias: return mlp[block].downBias
        case .tokenEmbedding, .finalNorm, .head: return nil
        }
    }
}

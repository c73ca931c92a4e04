import Checkpoints
import Factors
import Models

/// The float32 weights of all decoder blocks: what is cut.
package struct DenseBlocks: Sendable {
    package let description: ModelDescription
    package let attention: [AttentionWeights]
    package let mlp: [MLPWeights]

    /// - Throws: `CheckpointError`.
    package init(_ checkpoint: any Checkpoint) throws {
        description = checkpoint.description
        attention = try description.blocks.indices.map { try checkpoint.attentionWeights(block: $0) }
        mlp = try description.blocks.indices.map { try checkpoint.mlpWeights(block: $0) }
    }
}

extension AttentionWeights {
    /// o_proj by key/value groups.
    package var projection: OutputProjection {
        OutputProjection(
            weights: output, outputs: hiddenSize, columns: queryWidth, bias: outputBias,
            unitSize: queryWidth / keyValueHeads)
    }

    /// Only the key/value groups of `groups`, in that order, read by the given output projection.
    package func keeping(groups: [Int], output: [Float], bias: [Float]?) -> AttentionWeights {
        var kept = self
        let queriesPerGroup = queryHeads / max(keyValueHeads, 1) * headSize
        func rows(_ values: [Float], _ size: Int, _ width: Int) -> [Float] {
            groups.flatMap { values[$0 * size * width..<($0 + 1) * size * width] }
        }
        kept.keyValueHeads = groups.count
        kept.queryHeads = groups.count * (queryHeads / max(keyValueHeads, 1))
        kept.query = rows(query, queriesPerGroup, hiddenSize)
        kept.key = rows(key, headSize, hiddenSize)
        kept.value = rows(value, headSize, hiddenSize)
        kept.queryBias = queryBias.map { rows($0, queriesPerGroup, 1) }
        kept.keyBias = keyBias.map { rows($0, headSize, 1) }
        kept.valueBias = valueBias.map { rows($0, headSize, 1) }
        kept.output = output
        kept.outputBias = bias
        return kept
    }
}

extension MLPWeights {
    /// down_proj by channels.
    package var projection: OutputProjection {
        OutputProjection(weights: down, outputs: hiddenSize, columns: channels, bias: downBias, unitSize: 1)
    }

    /// Only the channels of `kept`, in that order, read by the given down projection.
    package func keeping(channels kept: [Int], down: [Float], bias: [Float]?) -> MLPWeights {
        var result = self
        func rows(_ values: [Float], _ width: Int) -> [Float] {
            var rows: [Float] = []
            rows.reserveCapacity(kept.count * width)
            for channel in kept { rows += values[channel * width..<(channel + 1) * width] }
            return rows
        }
        result.channels = kept.count
        result.gate = rows(gate, hiddenSize)
        result.up = rows(up, hiddenSize)
        result.gateBias = gateBias.map { rows($0, 1) }
        result.upBias = upBias.map { rows($0, 1) }
        result.down = down
        result.downBias = bias
        return result
    }
}

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

    /// Only some of the key/value groups, in that order.
    /// - Parameters:
    ///   - heads: the query heads that stay, equally many of each group, in the order of the groups.
    ///   - output: the projection that reads them, row-major [D, heads·headSize].
    package func keeping(groups: [Int], heads: [Int], output: [Float], bias: [Float]?) -> AttentionWeights {
        var kept = self
        func rows(_ values: [Float], of heads: [Int], _ width: Int) -> [Float] {
            heads.flatMap { values[$0 * headSize * width..<($0 + 1) * headSize * width] }
        }
        kept.keyValueHeads = groups.count
        kept.queryHeads = heads.count
        kept.query = rows(query, of: heads, hiddenSize)
        kept.key = rows(key, of: groups, hiddenSize)
        kept.value = rows(value, of: groups, hiddenSize)
        kept.queryBias = queryBias.map { rows($0, of: heads, 1) }
        kept.keyBias = keyBias.map { rows($0, of: groups, 1) }
        kept.valueBias = valueBias.map { rows($0, of: groups, 1) }
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

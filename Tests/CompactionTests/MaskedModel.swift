import Checkpoints
import Compaction
import Factors
import Models

/// A candidate in the shapes of the dense model: pruned rows and columns are zero, refitted weights lie in the columns
/// they belong to. Slow, and plainly the same function as the compacted model.
extension Prepared {
    func maskedModel(_ blocks: [BlockShape]) throws -> LlamaModel {
        var result = model
        for block in model.attention.indices {
            result.attention[block] = try AttentionSublayer(
                maskedAttention(block, keeping: blocks[block].attention), precision: .float32)
            result.mlp[block] = try MLPSublayer(
                maskedMLP(block, keeping: blocks[block].channels), precision: .float32)
        }
        return result
    }

    private func maskedAttention(_ block: Int, keeping shape: AttentionShape) throws -> AttentionWeights {
        var weights = plan.dense.attention[block]
        guard let attention = plan.attention[block], shape != attention.whole else { return weights }
        let (size, kept) = (weights.headSize, attention.kept(shape))
        func mask(_ values: inout [Float], _ heads: [Int], _ width: Int) {
            for index in values.indices where !heads.contains(index / (size * width)) { values[index] = 0 }
        }
        mask(&weights.query, kept.heads, weights.hiddenSize)
        mask(&weights.key, kept.groups, weights.hiddenSize)
        mask(&weights.value, kept.groups, weights.hiddenSize)
        if var bias = weights.queryBias {
            mask(&bias, kept.heads, 1)
            weights.queryBias = bias
        }
        if var bias = weights.keyBias {
            mask(&bias, kept.groups, 1)
            weights.keyBias = bias
        }
        if var bias = weights.valueBias {
            mask(&bias, kept.groups, 1)
            weights.valueBias = bias
        }
        (weights.output, weights.outputBias) = scattered(
            attention.plan(headsPerGroup: shape.headsPerGroup), keeping: shape.groups,
            to: kept.heads.flatMap { $0 * size..<($0 + 1) * size }, outputs: weights.hiddenSize,
            columns: weights.queryWidth)
        return weights
    }

    private func maskedMLP(_ block: Int, keeping channels: Int) throws -> MLPWeights {
        var weights = plan.dense.mlp[block]
        guard let plan = plan.mlp[block], channels < weights.channels else { return weights }
        let width = weights.hiddenSize
        for channel in plan.order[channels...] {
            for column in 0..<width {
                weights.gate[channel * width + column] = 0
                weights.up[channel * width + column] = 0
            }
            weights.gateBias?[channel] = 0
            weights.upBias?[channel] = 0
        }
        (weights.down, weights.downBias) = scattered(
            plan, keeping: channels, to: Array(plan.order[..<channels]), outputs: width, columns: weights.channels)
        return weights
    }

    /// - Parameter places: the column that each column of the cut projection was.
    private func scattered(
        _ plan: SublayerPlan, keeping units: Int, to places: [Int], outputs: Int, columns: Int
    ) -> (weights: [Float], bias: [Float]?) {
        let (weights, bias) = plan.projection(keeping: units)
        var result = [Float](repeating: 0, count: outputs * columns)
        for row in 0..<outputs {
            for (place, column) in places.enumerated() {
                result[row * columns + column] = weights[row * places.count + place]
            }
        }
        return (result, bias)
    }
}

import Compaction
import Factors
import Models

/// A candidate in the shapes of the dense model: pruned rows and columns are zero, refitted weights lie in the columns
/// they belong to. Slow, and plainly the same function as the compacted model.
extension Prepared {
    func maskedModel(_ units: [Int]) throws -> LlamaModel {
        var result = model
        for block in model.attention.indices {
            result.attention[block] = try AttentionSublayer(
                maskedAttention(block, keeping: units[2 * block]), precision: .float32)
            result.mlp[block] = try MLPSublayer(maskedMLP(block, keeping: units[2 * block + 1]), precision: .float32)
        }
        return result
    }

    private func maskedAttention(_ block: Int, keeping groups: Int) throws -> AttentionWeights {
        var weights = plan.dense.attention[block]
        guard let plan = plan.attention[block], groups < weights.keyValueHeads else { return weights }
        let kept = Set(plan.order[..<groups])
        let queriesPerGroup = weights.queryHeads / weights.keyValueHeads * weights.headSize
        func mask(_ values: inout [Float], _ unit: Int, _ width: Int) {
            for index in values.indices where !kept.contains(index / (unit * width)) { values[index] = 0 }
        }
        mask(&weights.query, queriesPerGroup, weights.hiddenSize)
        mask(&weights.key, weights.headSize, weights.hiddenSize)
        mask(&weights.value, weights.headSize, weights.hiddenSize)
        if var bias = weights.queryBias {
            mask(&bias, queriesPerGroup, 1)
            weights.queryBias = bias
        }
        if var bias = weights.keyBias {
            mask(&bias, weights.headSize, 1)
            weights.keyBias = bias
        }
        if var bias = weights.valueBias {
            mask(&bias, weights.headSize, 1)
            weights.valueBias = bias
        }
        (weights.output, weights.outputBias) = scattered(
            plan, keeping: groups, unit: queriesPerGroup, outputs: weights.hiddenSize, columns: weights.queryWidth)
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
            plan, keeping: channels, unit: 1, outputs: width, columns: weights.channels)
        return weights
    }

    private func scattered(
        _ plan: SublayerPlan, keeping units: Int, unit: Int, outputs: Int, columns: Int
    ) -> (weights: [Float], bias: [Float]?) {
        let (weights, bias) = plan.projection(keeping: units)
        var result = [Float](repeating: 0, count: outputs * columns)
        for row in 0..<outputs {
            for place in 0..<units * unit {
                let column = plan.order[place / unit] * unit + place % unit
                result[row * columns + column] = weights[row * units * unit + place]
            }
        }
        return (result, bias)
    }
}

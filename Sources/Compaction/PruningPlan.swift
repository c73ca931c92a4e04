import Calibration
import Factors
import Gradients
import Kernels
import Models
import Search

/// A dense model prepared for cutting: every sublayer can be had at every level.
package struct PruningPlan: Sendable {
    package let dense: DenseBlocks
    package let method: PruningMethod
    /// Per block; `nil` where the model has no such sublayer.
    package let attention: [SublayerPlan?]
    package let mlp: [SublayerPlan?]

    /// Cut sublayers carry a bias that makes up for the mean of what was cut.
    package var addsBiases: Bool { method.addsBiases }

    /// - Parameters:
    ///   - ridge: λ of the least squares, a fraction of the inputs' mean variance.
    ///   - order: which units of a sublayer are kept first.
    ///   - metrics: what errors of the sublayers' outputs cost, for the orders that count in it.
    /// - Throws: `KernelError`, `CancellationError`.
    package init(
        _ dense: DenseBlocks, _ calibration: Calibration, method: PruningMethod, ridge: Double,
        order: any UnitOrder = WandaOrder(), metrics: OutputMetrics? = nil,
        progress: (Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws {
        self.dense = dense
        self.method = method
        var attention: [SublayerPlan?] = []
        var mlp: [SublayerPlan?] = []
        for block in dense.attention.indices {
            if isCancelled() { throw CancellationError() }
            attention.append(
                try calibration.attention[block].map {
                    var projection = dense.attention[block].projection
                    projection.metric = metrics?.attention[block]
                    return try SublayerPlan(
                        projection, $0, method: method, ridge: ridge, order: order)
                })
            mlp.append(
                try calibration.mlp[block].map {
                    var projection = dense.mlp[block].projection
                    projection.metric = metrics?.mlp[block]
                    return try SublayerPlan(projection, $0, method: method, ridge: ridge, order: order)
                })
            progress(block + 1)
        }
        self.attention = attention
        self.mlp = mlp
    }

    /// Bytes of the factors and of the dense blocks' float32 weights.
    package var byteCount: Int {
        (attention + mlp).reduce(dense.description.decoderParameters * 4) { $0 + ($1?.byteCount ?? 0) }
    }

    /// Reconstruction error of every level of the space, where the method knows it in closed form: the noise that the
    /// level adds to the residual stream, relative to the stream, and so comparable between sublayers.
    package func residualErrors(in space: SearchSpace) -> [[Double]]? {
        guard method == .nested else { return nil }
        return space.sublayers.map { sublayer in
            let plan = sublayer.kind == .attention ? attention[sublayer.block] : mlp[sublayer.block]
            guard let errors = plan?.residualErrors else { return sublayer.units.map { _ in 0 } }
            return sublayer.units.map { max(0, errors[$0]) }
        }
    }

    /// Scores of every sublayer's units in the order in which the plan keeps them; none where the model has no such
    /// sublayer.
    package func scores(_ scorer: some ScoredOrder, _ calibration: Calibration, in space: SearchSpace) -> [[Double]] {
        space.sublayers.map { sublayer in
            let isAttention = sublayer.kind == .attention
            let plan = isAttention ? attention[sublayer.block] : mlp[sublayer.block]
            let moments = isAttention ? calibration.attention[sublayer.block] : calibration.mlp[sublayer.block]
            guard let plan, let moments else { return [] }
            let projection =
                isAttention ? dense.attention[sublayer.block].projection : dense.mlp[sublayer.block].projection
            let scores = scorer.scores(projection, moments)
            return plan.order.map { scores[$0] }
        }
    }

    /// A block's attention with `groups` key/value groups kept. Whole sublayers are left exactly as they were.
    package func attentionWeights(block: Int, keeping groups: Int) -> AttentionWeights {
        let weights = dense.attention[block]
        guard let plan = attention[block], groups < weights.keyValueHeads else {
            return addsBiases ? weights.withOutputBias : weights
        }
        let (output, bias) = plan.projection(keeping: groups)
        return weights.keeping(groups: Array(plan.order[..<groups]), output: output, bias: bias)
    }

    /// A block's MLP with `channels` channels kept.
    package func mlpWeights(block: Int, keeping channels: Int) -> MLPWeights {
        let weights = dense.mlp[block]
        guard let plan = mlp[block], channels < weights.channels else {
            return addsBiases ? weights.withDownBias : weights
        }
        let (down, bias) = plan.projection(keeping: channels)
        return weights.keeping(channels: Array(plan.order[..<channels]), down: down, bias: bias)
    }

    /// The compacted weights of a candidate, per block.
    /// - Parameter units: kept units per sublayer, attention and MLP of each block in turn.
    package func compact(_ units: [Int]) -> CompactedBlocks {
        CompactedBlocks(
            description: dense.description.pruned(to: units, addsBiases: addsBiases),
            attention: dense.attention.indices.map { attentionWeights(block: $0, keeping: units[2 * $0]) },
            mlp: dense.mlp.indices.map { mlpWeights(block: $0, keeping: units[2 * $0 + 1]) })
    }
}

extension AttentionWeights {
    /// Pruned models have a bias in every block, since formats say so once for all blocks.
    var withOutputBias: AttentionWeights {
        var result = self
        result.outputBias = outputBias ?? [Float](repeating: 0, count: hiddenSize)
        return result
    }
}

extension MLPWeights {
    var withDownBias: MLPWeights {
        var result = self
        result.downBias = downBias ?? [Float](repeating: 0, count: hiddenSize)
        return result
    }
}

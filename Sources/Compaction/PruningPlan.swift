import Calibration
import Checkpoints
import Factors
import Gradients
import Kernels
import Models
import Search

/// A dense model prepared for cutting: every sublayer can be had at every level.
package struct PruningPlan: Sendable {
    package let dense: DenseBlocks
    package let method: PruningMethod
    /// What attentions are cut by.
    package let attentionUnit: AttentionUnit
    /// Per block; `nil` where the model has no such sublayer.
    package let attention: [AttentionPlan?]
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
        order: any UnitOrder = WandaOrder(), metrics: OutputMetrics? = nil, attentionUnit: AttentionUnit = .group,
        progress: (Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws {
        self.dense = dense
        self.method = method
        self.attentionUnit = attentionUnit
        var attention: [AttentionPlan?] = []
        var mlp: [SublayerPlan?] = []
        for block in dense.attention.indices {
            if isCancelled() { throw CancellationError() }
            attention.append(
                try calibration.attention[block].map {
                    var projection = dense.attention[block].projection
                    projection.metric = metrics?.attention[block]
                    return try AttentionPlan(
                        projection, $0, dense.description.blocks[block].attention, unit: attentionUnit, method: method,
                        ridge: ridge, order: order)
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
        (attention.map { $0?.byteCount ?? 0 } + mlp.map { $0?.byteCount ?? 0 })
            .reduce(dense.description.decoderParameters * 4, +)
    }

    /// Reconstruction error of every level of the space, where the method knows it in closed form: the noise that the
    /// level adds to the residual stream, relative to the stream, and so comparable between sublayers.
    package func residualErrors(in space: SearchSpace) -> [[Double]]? {
        guard method == .nested else { return nil }
        return space.sublayers.map { sublayer in
            let levels = sublayer.units.indices
            switch sublayer.kind {
            case .attention:
                let plan = attention[sublayer.block]
                return levels.map { level in
                    let error = plan.flatMap { $0.residualError(sublayer.attentionShape(level, of: $0.whole)) }
                    return max(0, error ?? 0)
                }
            case .mlp:
                let errors = mlp[sublayer.block]?.residualErrors
                return levels.map { max(0, errors?[sublayer.units[$0]] ?? 0) }
            }
        }
    }

    /// Scores of every sublayer's units (of attentions: whole groups) in the order in which the plan keeps them; none
    /// where the model has no such sublayer.
    package func scores(_ scorer: some ScoredOrder, _ calibration: Calibration, in space: SearchSpace) -> [[Double]] {
        space.sublayers.map { sublayer in
            let isAttention = sublayer.kind == .attention
            let plan = isAttention ? attention[sublayer.block]?.groups : mlp[sublayer.block]
            let moments = isAttention ? calibration.attention[sublayer.block] : calibration.mlp[sublayer.block]
            guard let plan, let moments else { return [] }
            let projection =
                isAttention ? dense.attention[sublayer.block].projection : dense.mlp[sublayer.block].projection
            let scores = scorer.scores(projection, moments)
            return plan.order.map { scores[$0] }
        }
    }

    /// A block's attention cut to a shape. Whole sublayers are left exactly as they were.
    package func attentionWeights(block: Int, keeping shape: AttentionShape) -> AttentionWeights {
        let weights = dense.attention[block]
        guard let plan = attention[block], shape != plan.whole else {
            return addsBiases ? weights.withOutputBias : weights
        }
        let kept = plan.kept(shape)
        let (output, bias) = plan.plan(headsPerGroup: shape.headsPerGroup).projection(keeping: shape.groups)
        return weights.keeping(groups: kept.groups, heads: kept.heads, output: output, bias: bias)
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

    /// The compacted weights of all blocks.
    /// - Parameter blocks: what a candidate keeps of each (`SearchSpace.blocks`).
    package func compact(_ blocks: [BlockShape]) -> CompactedBlocks {
        CompactedBlocks(
            description: dense.description.pruned(to: blocks, addsBiases: addsBiases),
            attention: blocks.indices.map { attentionWeights(block: $0, keeping: blocks[$0].attention) },
            mlp: blocks.indices.map { mlpWeights(block: $0, keeping: blocks[$0].channels) })
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

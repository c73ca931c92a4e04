import Compaction
import Evaluation
import Kernels
import Models

/// Refits a pruned model sublayer by sublayer, in order: the inputs are those that the pruned model has by then, the
/// targets come from the dense model on the same tokens, so that errors do not pile up.
///
/// Two fits a sublayer, both closed forms that stay near what is there (`RidgeFit`):
///
/// 1. the projections that read the stream, W·diag(g): the normed stream n′ of the pruned model is not the dense one n,
///    and W·A with A the regression of n on n′ reads it better. One matrix A serves all of them.
/// 2. the output projection with its bias, to `RefitTarget`.
///
/// Tokens of the second weigh 1/rms² of the dense stream behind the sublayer, as in the calibration.
package struct SequentialRefit {
    package struct Settings: Sendable {
        package var target = RefitTarget.residual
        /// Fits the projections that read the stream, too.
        package var fitsInputs = true
        /// λ to choose from, fractions of the inputs' mean variance.
        package var ridges = [1e-4, 1e-3, 1e-2, 1e-1, 1]
        /// How many tokens the first token of a window counts for.
        package var firstTokenWeight: Float = 1
        /// One batch of so many is held out to choose λ.
        package var heldOutStride = 8

        package init() {}
    }

    private let settings: Settings
    private let dense: LlamaModel
    private let workspace: Workspace
    private let batches: [TokenBatch]
    private let isCancelled: () -> Bool

    /// - Parameter windows: the calibration's.
    package init(
        _ dense: LlamaModel, _ windows: [[Int32]], settings: Settings = Settings(), in workspace: Workspace,
        isCancelled: @escaping () -> Bool = { false }
    ) {
        self.settings = settings
        self.dense = dense
        self.workspace = workspace
        self.isCancelled = isCancelled
        batches = Perplexity.batches(windows, rows: workspace.rows).map(TokenBatch.init)
    }

    /// - Parameters:
    ///   - blocks: pruned, with a bias on every output projection.
    ///   - progress: called with the sublayers done.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    package func callAsFunction(
        _ blocks: CompactedBlocks, progress: (Int) -> Void = { _ in }
    ) throws -> (blocks: CompactedBlocks, steps: [RefitStep]) {
        var blocks = blocks
        var steps: [RefitStep] = []
        let walk = try Walk(dense, batches, workspace, settings)
        for sublayer in 0..<dense.sublayerCount {
            let (block, isAttention) = (sublayer / 2, sublayer.isMultiple(of: 2))
            let isWhole =
                isAttention
                ? blocks.attention[block].queryHeads == dense.attention[block].queryHeads
                : blocks.mlp[block].channels == dense.mlp[block].channels
            // In front of the first cut there is nothing to make up for.
            if isWhole, !walk.hasParted {
                try walk.advanceTogether(sublayer, isCancelled)
            } else if isAttention {
                var sublayerWeights = blocks.attention[block]
                steps.append(try walk.fit(&sublayerWeights, sublayer, isCancelled))
                blocks.attention[block] = sublayerWeights
            } else {
                var sublayerWeights = blocks.mlp[block]
                steps.append(try walk.fit(&sublayerWeights, sublayer, isCancelled))
                blocks.mlp[block] = sublayerWeights
            }
            progress(sublayer + 1)
        }
        return (blocks, steps)
    }
}

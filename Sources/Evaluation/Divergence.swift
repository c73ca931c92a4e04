import Kernels
import Models

/// How far a model's next-token distributions are from another model's, on a text.
package struct Divergence: Sendable, Equatable {
    /// Mean KL(dense ‖ model) per token, in nats, over the dense model's most probable tokens and the rest.
    package var mean: Double
    /// Of `mean`, over windows (over tokens when there are fewer than eight windows).
    package var standardError: Double
    package var tokens: Int

    /// Runs both models over the windows. Every position counts, those before a window's end too.
    /// - Parameters:
    ///   - workspaces: one for each model, for as many rows.
    ///   - topCount: tokens of the dense model that are looked at one by one.
    ///   - progress: called with the tokens done.
    ///   - isCancelled: asked between batches.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    package static func measure(
        _ model: LlamaModel, from dense: LlamaModel, _ windows: [[Int32]],
        in workspaces: (model: Workspace, dense: Workspace), topCount: Int = 256, progress: (Int) -> Void = { _ in },
        isCancelled: () -> Bool = { false }
    ) throws -> Divergence {
        let rows = min(workspaces.model.rows, workspaces.dense.rows)
        var perWindow: [[Float]] = []
        var done = 0
        for batch in Perplexity.batches(windows, rows: rows) {
            if isCancelled() { throw CancellationError() }
            let tokens = TokenBatch(batch)
            let count = tokens.tokens.count
            try dense.forward(tokens, in: workspaces.dense)
            let targets = try workspaces.dense.head.topLogProbabilities(
                workspaces.dense.output, rows: count, count: topCount)
            try model.forward(tokens, in: workspaces.model)
            let values = try workspaces.model.head.divergences(
                workspaces.model.output, rows: count, from: targets)
            perWindow += tokens.sequences.map { Array(values[$0]) }
            done += count
            progress(done)
        }
        let summary = Perplexity(perWindow, tokensRun: done, seconds: 0)
        return Divergence(
            mean: summary.negativeLogLikelihood, standardError: summary.standardError, tokens: summary.tokensScored)
    }
}

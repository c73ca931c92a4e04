import Kernels
import Models

/// A text on which models are compared with a dense one: the perplexity of each, and how far its predictions are from the
/// dense model's. One forward pass gives both.
package struct TextComparison {
    /// Of the dense model.
    package let perplexity: Perplexity
    /// The first tokens, whole batches, on which divergences are measured.
    package let divergenceTokens: Int
    private let batches: [TokenBatch]
    /// Of the first batches.
    private let dense: [TopLogProbabilities]

    /// The dense model's most probable tokens that are told apart; the others are one event.
    package static let topCount = 256

    /// Runs the dense model.
    /// - Parameters:
    ///   - maximumDivergenceTokens: about 2 kB are kept of each; the first batch counts whatever its size.
    ///   - progress: called with the tokens run so far.
    ///   - isCancelled: asked between batches.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    package init(
        _ windows: [[Int32]], dense model: LlamaModel, in workspace: Workspace, maximumDivergenceTokens: Int,
        progress: (Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws {
        let batches = Perplexity.batches(windows, rows: workspace.rows).map(TokenBatch.init)
        var dense: [TopLogProbabilities] = []
        var tokens = 0
        perplexity = try Self.run(batches, model, workspace, progress, isCancelled) { index in
            let count = batches[index].tokens.count
            guard index == 0 || (dense.count == index && tokens + count <= maximumDivergenceTokens) else { return }
            tokens += count
            dense.append(
                try workspace.head.topLogProbabilities(workspace.output, rows: count, count: Self.topCount))
        }
        self.batches = batches
        self.dense = dense
        divergenceTokens = tokens
    }

    /// Runs another model of the same vocabulary.
    /// - Parameter workspace: with as many rows as the dense model's.
    /// - Returns: with the perplexity, the mean KL(dense ‖ model) per token in nats.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    package func measure(
        _ model: LlamaModel, in workspace: Workspace, progress: (Int) -> Void = { _ in },
        isCancelled: () -> Bool = { false }
    ) throws -> (perplexity: Perplexity, divergence: Double) {
        var total = 0.0
        let perplexity = try Self.run(batches, model, workspace, progress, isCancelled) { index in
            guard index < dense.count else { return }
            let divergences = try workspace.head.divergences(
                workspace.output, rows: batches[index].tokens.count, from: dense[index])
            total += divergences.reduce(0.0) { $0 + Double($1) }
        }
        return (perplexity, total / Double(max(divergenceTokens, 1)))
    }

    /// - Parameter body: called with the number of each batch while the workspace holds its forward pass.
    private static func run(
        _ batches: [TokenBatch], _ model: LlamaModel, _ workspace: Workspace, _ progress: (Int) -> Void,
        _ isCancelled: () -> Bool, _ body: (Int) throws -> Void
    ) throws -> Perplexity {
        let clock = ContinuousClock()
        var seconds = 0.0
        var perWindow: [[Float]] = []
        var tokensRun = 0
        for (index, batch) in batches.enumerated() {
            if isCancelled() { throw CancellationError() }
            let start = clock.now
            try model.forward(batch, in: workspace)
            perWindow += try Perplexity.negativeLogLikelihoods(of: batch, workspace)
            seconds += (clock.now - start) / .seconds(1)
            try body(index)
            tokensRun += batch.tokens.count
            progress(tokensRun)
        }
        return Perplexity(perWindow, tokensRun: tokensRun, seconds: seconds)
    }
}

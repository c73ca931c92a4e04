import Kernels
import Models
import RealModule

/// Mean negative log-likelihood of a text and what follows from it.
package struct Perplexity: Sendable, Equatable {
    /// Nats per predicted token.
    package var negativeLogLikelihood: Double
    /// Of `negativeLogLikelihood`, over windows (over tokens when there are fewer than eight windows).
    package var standardError: Double
    package var tokensScored: Int
    /// Tokens run, each window's first included.
    package var tokensRun: Int
    package var seconds: Double

    package var value: Double { Double.exp(negativeLogLikelihood) }
    /// Standard error of `value`, to first order.
    package var valueStandardError: Double { value * standardError }
    package var tokensPerSecond: Double { seconds > 0 ? Double(tokensRun) / seconds : 0 }
}

extension Perplexity {
    /// Scores every token of each window but its first.
    /// - Parameters:
    ///   - workspace: as many windows run together as fit its rows.
    ///   - progress: called with the tokens run so far.
    ///   - isCancelled: asked between batches.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    package static func measure(
        _ model: LlamaModel, _ windows: [[Int32]], in workspace: Workspace, progress: (Int) -> Void = { _ in },
        isCancelled: () -> Bool = { false }
    ) throws -> Perplexity {
        let clock = ContinuousClock()
        let start = clock.now
        var perWindow: [[Float]] = []
        var tokensRun = 0
        for batch in batches(windows, rows: workspace.rows) {
            if isCancelled() { throw CancellationError() }
            perWindow += try negativeLogLikelihoods(model, batch, workspace)
            tokensRun += batch.reduce(0) { $0 + $1.count }
            progress(tokensRun)
        }
        let seconds = (clock.now - start) / .seconds(1)
        return Perplexity(perWindow, tokensRun: tokensRun, seconds: seconds)
    }

    /// Neighbouring windows whose rows fit together.
    package static func batches(_ windows: [[Int32]], rows: Int) -> [[[Int32]]] {
        var batches: [[[Int32]]] = []
        var used = Int.max
        for window in windows {
            if used > rows - window.count {
                batches.append([])
                used = 0
            }
            batches[batches.count - 1].append(window)
            used += window.count
        }
        return batches
    }

    /// −log p of each window's tokens but the first.
    package static func negativeLogLikelihoods(
        _ model: LlamaModel, _ windows: [[Int32]], _ workspace: Workspace
    ) throws -> [[Float]] {
        let batch = TokenBatch(windows)
        try model.forward(batch, in: workspace)
        return try negativeLogLikelihoods(of: batch, workspace)
    }

    /// The same of a batch whose forward pass the workspace holds.
    static func negativeLogLikelihoods(of batch: TokenBatch, _ workspace: Workspace) throws(KernelError) -> [[Float]] {
        // The row of a token predicts the next one; the last row of a window predicts nothing and is scored in vain.
        var targets = Array(batch.tokens.dropFirst()) + [0]
        for sequence in batch.sequences { targets[sequence.upperBound - 1] = 0 }
        let scores = try workspace.head.negativeLogLikelihoods(workspace.output, targets: targets)
        return batch.sequences.map { Array(scores[$0.lowerBound..<$0.upperBound - 1]) }
    }

    init(_ perWindow: [[Float]], tokensRun: Int, seconds: Double) {
        let count = perWindow.reduce(0) { $0 + $1.count }
        let total = perWindow.reduce(0.0) { $0 + $1.reduce(0.0) { $0 + Double($1) } }
        let mean = total / Double(max(count, 1))
        let samples =
            perWindow.count >= 8
            ? perWindow.map { $0.reduce(0.0) { $0 + Double($1) } / Double(max($0.count, 1)) }
            : perWindow.flatMap { $0.map(Double.init) }
        let variance =
            samples.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(samples.count - 1, 1))
        self.init(
            negativeLogLikelihood: mean, standardError: (variance / Double(max(samples.count, 1))).squareRoot(),
            tokensScored: count, tokensRun: tokensRun, seconds: seconds)
    }
}

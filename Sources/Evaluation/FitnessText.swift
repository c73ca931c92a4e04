import Kernels
import Models

/// What the search minimises, measured on one text that nothing else sees.
package enum FitnessMode: String, Sendable, Codable, CaseIterable {
    /// Mean KL(dense ‖ pruned) per token, in nats, over the dense model's 256 most probable tokens and the rest.
    case kl
    /// Mean negative log-likelihood per token, in nats: the logarithm of the paper's perplexity.
    case perplexity
}

/// Windows of the fitness text, with what is needed of the dense model to score a pruned one.
package struct FitnessText: Sendable {
    package let mode: FitnessMode
    private let batches: [[[Int32]]]
    private let dense: [TopLogProbabilities]

    /// Runs the dense model once (`kl` only).
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    package init(
        _ windows: [[Int32]], mode: FitnessMode, dense model: LlamaModel, in workspace: Workspace, topCount: Int = 256,
        isCancelled: () -> Bool = { false }
    ) throws {
        self.mode = mode
        batches = Perplexity.batches(windows, rows: workspace.rows)
        guard mode == .kl else {
            dense = []
            return
        }
        dense = try batches.map { batch in
            if isCancelled() { throw CancellationError() }
            let tokens = TokenBatch(batch)
            try model.forward(tokens, in: workspace)
            return try workspace.head.topLogProbabilities(
                workspace.output, rows: tokens.tokens.count, count: topCount)
        }
    }

    package var tokens: Int { batches.reduce(0) { $0 + $1.reduce(0) { $0 + $1.count } } }

    /// The mean over tokens; lower is better.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    package func score(
        _ model: LlamaModel, in workspace: Workspace, isCancelled: () -> Bool = { false }
    ) throws -> Double {
        var total = 0.0
        var count = 0
        for (index, batch) in batches.enumerated() {
            if isCancelled() { throw CancellationError() }
            switch mode {
            case .perplexity:
                for window in try Perplexity.negativeLogLikelihoods(model, batch, workspace) {
                    total += window.reduce(0.0) { $0 + Double($1) }
                    count += window.count
                }
            case .kl:
                let tokens = TokenBatch(batch)
                try model.forward(tokens, in: workspace)
                let divergences = try workspace.head.divergences(
                    workspace.output, rows: tokens.tokens.count, from: dense[index], at: 0)
                total += divergences.reduce(0.0) { $0 + Double($1) }
                count += divergences.count
            }
        }
        return total / Double(max(count, 1))
    }
}

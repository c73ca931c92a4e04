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
    /// Windows that run together.
    package let batches: [TokenBatch]
    private let dense: [TopLogProbabilities]

    /// Runs the dense model once (`kl` only).
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    package init(
        _ windows: [[Int32]], mode: FitnessMode, dense model: LlamaModel, in workspace: Workspace, topCount: Int = 256,
        isCancelled: () -> Bool = { false }
    ) throws {
        self.mode = mode
        batches = Perplexity.batches(windows, rows: workspace.rows).map(TokenBatch.init)
        guard mode == .kl else {
            dense = []
            return
        }
        dense = try batches.map { batch in
            if isCancelled() { throw CancellationError() }
            try model.forward(batch, in: workspace)
            return try workspace.head.topLogProbabilities(
                workspace.output, rows: batch.tokens.count, count: topCount)
        }
    }

    package var tokens: Int { batches.reduce(0) { $0 + $1.tokens.count } }

    /// Bytes of what is kept of the dense model.
    package var byteCount: Int {
        dense.reduce(0) { $0 + $1.tokens.count * 4 + $1.logProbabilities.count * 4 }
    }

    /// The mean over tokens; lower is better.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    package func score(
        _ model: LlamaModel, in workspace: Workspace, isCancelled: () -> Bool = { false }
    ) throws -> Double {
        var sum = Sum()
        for (index, batch) in batches.enumerated() {
            if isCancelled() { throw CancellationError() }
            try model.forward(batch, in: workspace)
            try add(batch: index, in: workspace, to: &sum)
        }
        return sum.mean
    }
}

/// Scoring batch by batch, for those who run the model themselves.
extension FitnessText {
    /// A score in the making. Batches are added in their order: another one rounds differently.
    package struct Sum: Sendable {
        private var total = 0.0
        private var count = 0

        package init() {}

        package var mean: Double { total / Double(max(count, 1)) }

        fileprivate mutating func add(_ values: [Float]) {
            total += values.reduce(0.0) { $0 + Double($1) }
            count += values.count
        }
    }

    /// Adds a batch whose forward pass the workspace holds.
    /// - Throws: `KernelError`.
    package func add(batch index: Int, in workspace: Workspace, to sum: inout Sum) throws(KernelError) {
        switch mode {
        case .perplexity:
            for window in try Perplexity.negativeLogLikelihoods(of: batches[index], workspace) { sum.add(window) }
        case .kl:
            sum.add(
                try workspace.head.divergences(
                    workspace.output, rows: batches[index].tokens.count, from: dense[index]))
        }
    }
}

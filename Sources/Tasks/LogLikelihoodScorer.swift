import Kernels
import Models

/// Of a continuation behind its context.
package struct LogLikelihood: Sendable, Equatable, Codable {
    /// The sum over its tokens, in nats.
    package var value: Double
    /// Whether each of its tokens was the most probable one.
    package var isGreedy: Bool

    package init(value: Double, isGreedy: Bool) {
        self.value = value
        self.isGreedy = isGreedy
    }
}

/// Log-likelihoods of the choices of many questions. Questions run packed together; what the choices of one begin with
/// runs once, and what several questions begin with too. Logits exist only of the rows that predict a scored token.
///
/// All memory is allocated once and grows only for a choice longer than any before. Serves one caller at a time.
package final class LogLikelihoodScorer {
    private let model: LlamaModel
    /// Rows of a batch.
    private var rows: Int
    private var workspace: Workspace
    /// Rows to be scored, `precision` [scoredRows, D].
    private let hidden: AlignedBuffer
    /// Of those rows: the number of the choice, and the token.
    private var choices: [Int] = []
    private var tokens: [Int32] = []

    /// A multiple of what the head takes as one task, the same number for each of a few threads.
    private static let scoredRows = 512
    /// Rows of a batch are multiples of this, so that products of few sizes are prepared.
    private static let step = 64

    package struct Scores: Sendable {
        /// [question][choice]
        package var logLikelihoods: [[LogLikelihood]]
        /// Tokens of all continuations.
        package var tokensScored: Int
        /// Rows that the model ran.
        package var tokensRun: Int
        package var seconds: Double
    }

    /// Tokens that run together: enough for the matrix products' peak rate.
    package static let defaultRows = 1024

    /// - Parameter rows: tokens that run together.
    package init(_ model: LlamaModel, rows: Int = LogLikelihoodScorer.defaultRows) {
        self.model = model
        self.rows = Self.rounded(max(rows, 1))
        workspace = Workspace(model, rows: self.rows + Workspace.readAhead)
        hidden = AlignedBuffer(
            byteCount: Self.scoredRows * model.description.hiddenSize * model.precision.byteCount)
    }

    private static func rounded(_ rows: Int) -> Int { (rows + step - 1) / step * step }

    /// - Parameters:
    ///   - questions: the choices of each.
    ///   - progress: called with the questions done so far.
    ///   - isCancelled: asked between batches.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    package func score(
        _ questions: [[EncodedChoice]], progress: (Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws -> Scores {
        let clock = ContinuousClock()
        let start = clock.now
        // The choices of all questions are numbered one after another.
        let all = Array(questions.joined())
        // The last token of a choice is scored and never run.
        try model.checkVocabulary(all.compactMap(\.tokens.last))
        var ranges: [Range<Int>] = []
        for choices in questions {
            let first = ranges.last?.upperBound ?? 0
            ranges.append(first..<first + choices.count)
        }
        let layouts = ChoiceLayout.layouts(ranges, of: all, capacity: rows)
        reserve(layouts.reduce(0) { max($0, $1.rows) })
        var sums = [Double](repeating: 0, count: all.count)
        var areGreedy = [Bool](repeating: true, count: all.count)
        (choices, tokens) = ([], [])
        var done = questions.count(where: \.isEmpty)
        for indices in Packing.bestFit(layouts.map(\.rows), capacity: rows) {
            if isCancelled() { throw CancellationError() }
            var batch = TokenBatch([])
            batch.hasManyLengths = true
            var targets: [(choice: Int, row: Int, token: Int32)] = []
            for index in indices {
                layouts[index].append(all, to: &batch) { targets.append(($0, $1, $2)) }
            }
            try run(&batch)
            for target in targets {
                keep(target.row, target.choice, target.token)
                if tokens.count == Self.scoredRows { try flush(&sums, &areGreedy) }
            }
            done += indices.reduce(0) { $0 + layouts[$1].questions }
            progress(done)
        }
        try flush(&sums, &areGreedy)
        return Scores(
            logLikelihoods: ranges.map { choices in
                choices.map { LogLikelihood(value: sums[$0], isGreedy: areGreedy[$0]) }
            },
            tokensScored: all.reduce(0) { $0 + $1.scored },
            tokensRun: layouts.reduce(0) { $0 + $1.rows }, seconds: (clock.now - start) / .seconds(1))
    }

    private func reserve(_ longest: Int) {
        guard longest > rows else { return }
        rows = Self.rounded(longest)
        workspace = Workspace(model, rows: rows + Workspace.readAhead)
    }

    /// Runs a batch, filled up with tokens that mean nothing.
    private func run(_ batch: inout TokenBatch) throws {
        guard !batch.tokens.isEmpty else { return }
        for _ in batch.tokens.count..<Self.rounded(batch.tokens.count) { batch.append([0]) }
        try model.forward(batch, in: workspace)
    }

    private func keep(_ row: Int, _ choice: Int, _ token: Int32) {
        let size = model.description.hiddenSize * model.precision.byteCount
        (hidden.address + tokens.count * size).copyMemory(from: workspace.output + row * size, byteCount: size)
        choices.append(choice)
        tokens.append(token)
    }

    /// Scores the rows that were kept.
    private func flush(_ sums: inout [Double], _ areGreedy: inout [Bool]) throws(KernelError) {
        let scores = try workspace.head.targetScores(hidden.address, targets: tokens)
        for (choice, score) in zip(choices, scores) {
            sums[choice] += Double(score.logProbability)
            areGreedy[choice] = areGreedy[choice] && score.isGreedy
        }
        choices.removeAll(keepingCapacity: true)
        tokens.removeAll(keepingCapacity: true)
    }
}

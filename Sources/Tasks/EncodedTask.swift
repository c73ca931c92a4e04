/// The items of a task in tokens: all that is needed of it before there is a model.
package struct EncodedTask: Sendable {
    package let task: TaskDeclaration
    package let shots: Int
    let items: [TaskItem]
    let questions: [[EncodedChoice]]
    /// Of the encoding.
    private let seconds: Double

    /// - Parameters:
    ///   - items: as `TaskDeclaration.items` read them.
    ///   - shots: examples that they have in front.
    ///   - file: of the items, for errors.
    ///   - isCancelled: asked every few items.
    /// - Throws: `TaskError.notScorable`, `CancellationError`.
    package init(
        _ task: TaskDeclaration, _ items: [TaskItem], shots: Int = 0, file: String, encoder: PairEncoder,
        isCancelled: () -> Bool = { false }
    ) throws {
        let start = ContinuousClock.now
        var questions: [[EncodedChoice]] = []
        for item in items {
            if questions.count.isMultiple(of: 256), isCancelled() { throw CancellationError() }
            questions.append(try encoder.encode(item, file: file))
        }
        (self.task, self.items, self.questions, self.shots) = (task, items, questions, shots)
        seconds = (ContinuousClock.now - start) / .seconds(1)
    }

    package var count: Int { items.count }

    /// Positions that its longest choice runs.
    package var positions: Int { questions.joined().reduce(0) { max($0, $1.run.count) } }

    /// Rows that its choices have, shared ones counted again and again.
    package var rows: Int { questions.joined().reduce(0) { $0 + $1.run.count } }

    /// Scores all items.
    /// - Parameters:
    ///   - progress: called with the items done so far.
    ///   - isCancelled: asked between batches.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    package func evaluate(
        with scorer: LogLikelihoodScorer, progress: (Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws -> TaskResult {
        let scores = try scorer.score(questions, progress: progress, isCancelled: isCancelled)
        let results = items.indices.map { index in
            TaskResult.Item(items[index], questions[index], scores.logLikelihoods[index])
        }
        let hasNormalized = task.metrics.contains(.normalizedAccuracy)
        return TaskResult(
            task: task.name, version: task.version, shots: shots, items: results,
            accuracy: Share(results.map { $0.chosen == $0.gold }),
            normalizedAccuracy: hasNormalized ? Share(results.map { $0.chosenNormalized == $0.gold }) : nil,
            tokensScored: scores.tokensScored, tokensRun: scores.tokensRun, seconds: seconds + scores.seconds)
    }
}

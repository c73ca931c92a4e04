/// A share of items with the standard error of it, as lm-evaluation-harness has them (`mean`, `mean_stderr`).
package struct Share: Sendable, Equatable, Codable {
    package var value: Double
    /// Sample standard deviation over √n; zero for fewer than two items.
    package var standardError: Double

    package init(value: Double, standardError: Double) {
        self.value = value
        self.standardError = standardError
    }

    /// Of items that count as one or as nothing.
    package init(_ items: [Bool]) {
        let count = Double(items.count)
        let right = Double(items.count(where: { $0 }))
        let mean = items.isEmpty ? 0 : right / count
        let squares = right * (1 - mean) * (1 - mean) + (count - right) * mean * mean
        self.init(
            value: mean, standardError: items.count < 2 ? 0 : (squares / (count - 1) / count).squareRoot())
    }

    /// The mean of independent shares, each with the same weight.
    package static func mean(_ shares: [Share]) -> Share? {
        guard !shares.isEmpty else { return nil }
        let count = Double(shares.count)
        let squares = shares.reduce(0) { $0 + $1.standardError * $1.standardError }
        return Share(
            value: shares.reduce(0) { $0 + $1.value } / count, standardError: squares.squareRoot() / count)
    }
}

/// How a model did on one task.
package struct TaskResult: Sendable, Equatable, Codable {
    package struct Item: Sendable, Equatable, Codable {
        /// Of the data file, from 1.
        package var line: Int
        /// Of each choice, in nats.
        package var logLikelihoods: [Double]
        package var isGreedy: [Bool]
        /// That were scored of each choice.
        package var tokens: [Int]
        package var gold: Int
        /// The most probable choice; of equal ones, the first.
        package var chosen: Int
        /// The same of log-likelihoods per code point of the choice.
        package var chosenNormalized: Int
        /// Whether the beginning of a context was left out.
        package var isTruncated: Bool
    }

    package var task: String
    package var version: Double
    package var shots: Int
    package var items: [Item]
    package var accuracy: Share
    /// `nil` for tasks that are not measured so.
    package var normalizedAccuracy: Share?
    package var tokensScored: Int
    package var tokensRun: Int
    package var seconds: Double

    /// What tables of papers show: the length-normalised accuracy of tasks that have one.
    package var preferredAccuracy: Share { normalizedAccuracy ?? accuracy }
}

extension TaskResult.Item {
    init(_ item: TaskItem, _ encoded: [EncodedChoice], _ scores: [LogLikelihood]) {
        let values = scores.map(\.value)
        self.init(
            line: item.line, logLikelihoods: values, isGreedy: scores.map(\.isGreedy),
            tokens: encoded.map(\.scored), gold: item.gold,
            chosen: Self.firstLargest(values),
            chosenNormalized: Self.firstLargest(zip(values, item.choices).map { $0 / Double($1.length) }),
            isTruncated: encoded.contains { $0.isTruncated })
    }

    /// NumPy's `argmax`, but for numbers that are none.
    private static func firstLargest(_ values: [Double]) -> Int {
        var best = 0
        for (index, value) in values.enumerated() where value > values[best] { best = index }
        return best
    }
}

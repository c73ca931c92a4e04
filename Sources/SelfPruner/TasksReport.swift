import Kernels
import Tasks

/// How a model did on zero-shot tasks: `tasks` of `selfpruner evaluate --json`.
public struct TasksReport: Sendable, Codable {
    /// With choices.
    public var tasks: [TaskReport]
    /// Of the kind `generate`; `nil` without any.
    public var generation: [GenerationTaskReport]?
    /// Mean of the tasks' accuracies, each with the same weight; `nil` without tasks that have one.
    public var meanAccuracy: Double?
    public var meanAccuracyStandardError: Double?
    /// The same of what papers show: the length-normalised accuracy of tasks that have one, the accuracy of others.
    public var meanPreferredAccuracy: Double?
    public var meanPreferredAccuracyStandardError: Double?
    /// Tokens of all choices.
    public var tokensScored: Int
    /// Tokens that the model ran.
    public var tokensRun: Int
    /// Encoding and scoring of choices; reading files and loading the model are not counted.
    public var seconds: Double
    /// Tokens run.
    public var tokensPerSecond: Double
    /// Largest resident size of the process; left out where it did more than measure this model.
    public var peakMemoryBytes: Int?
    /// Bytes of the weights as they lie in memory.
    public var weightBytes: Int
    public var threads: Int
    public var `protocol`: TasksProtocol
}

/// How tasks were measured.
public struct TasksProtocol: Sendable, Codable, Equatable {
    /// Only the first so many questions of each task.
    public var limit: Int?
    /// Examples in front of each question.
    public var shots: Int
    /// Texts begin and end with what the tokenizer puts there.
    public var specialTokens: Bool
    /// Positions of the model: longer contexts lose their beginning.
    public var contextLength: Int
    public var precision: String
}

/// How a model did on one task.
public struct TaskReport: Sendable, Codable {
    public var task: String
    /// Of the task in lm-evaluation-harness.
    public var version: Double
    public var questions: Int
    /// Share of questions whose right choice is the most probable one.
    public var accuracy: Double
    public var accuracyStandardError: Double
    /// The same of log-likelihoods per code point of the choice.
    public var normalizedAccuracy: Double?
    public var normalizedAccuracyStandardError: Double?
    /// Questions whose context lost its beginning.
    public var truncatedQuestions: Int
    public var tokensScored: Int
    public var tokensRun: Int
    public var seconds: Double
}

extension TaskReport {
    init(_ result: TaskResult) {
        self.init(
            task: result.task, version: result.version, questions: result.items.count,
            accuracy: result.accuracy.value, accuracyStandardError: result.accuracy.standardError,
            normalizedAccuracy: result.normalizedAccuracy?.value,
            normalizedAccuracyStandardError: result.normalizedAccuracy?.standardError,
            truncatedQuestions: result.items.count(where: \.isTruncated), tokensScored: result.tokensScored,
            tokensRun: result.tokensRun, seconds: result.seconds)
    }
}

extension TasksReport {
    init(
        _ results: [TaskResult], _ generation: [GenerationTaskReport], _ selection: TaskSelection, contextLength: Int,
        precision: String, weightBytes: Int
    ) {
        let mean = Share.mean(results.map(\.accuracy))
        let preferred = Share.mean(results.map(\.preferredAccuracy))
        let seconds = results.reduce(0) { $0 + $1.seconds }
        let tokensRun = results.reduce(0) { $0 + $1.tokensRun }
        self.init(
            tasks: results.map(TaskReport.init), generation: generation.isEmpty ? nil : generation,
            meanAccuracy: mean?.value, meanAccuracyStandardError: mean?.standardError,
            meanPreferredAccuracy: preferred?.value, meanPreferredAccuracyStandardError: preferred?.standardError,
            tokensScored: results.reduce(0) { $0 + $1.tokensScored }, tokensRun: tokensRun, seconds: seconds,
            tokensPerSecond: seconds > 0 ? Double(tokensRun) / seconds : 0,
            peakMemoryBytes: ProcessFigures.peakMemoryBytes, weightBytes: weightBytes, threads: Threads.count,
            protocol: TasksProtocol(
                limit: selection.limit, shots: selection.shots, specialTokens: selection.addsSpecialTokens,
                contextLength: contextLength, precision: precision))
    }
}

import Checkpoints
import Models
import Tasks
import Tokenization

/// How a model did on one task of the kind `generate`.
public struct GenerationTaskReport: Sendable, Codable, Equatable {
    public var task: String
    public var version: Double
    public var questions: Int
    /// In per cent, of all answers together, as sacreBLEU has them; `nil` for what the task does not ask for.
    public var bleu: Double?
    public var chrf: Double?
    /// sacreBLEU's, without its version.
    public var bleuSignature: String?
    public var chrfSignature: String?
    /// Questions whose prompt lost its beginning.
    public var truncatedQuestions: Int
    /// Of all answers.
    public var tokens: Int
    public var seconds: Double
}

/// A task of the kind `generate` with its prompts in tokens: all that is needed of it before there is a model.
struct EncodedGeneration {
    private let task: GenerationTask
    private let items: [GenerationItem]
    private let prompts: [[Int32]]
    private let truncated: Int
    private let continuations: Continuations

    /// That the model must have.
    let positions: Int

    /// Prompts that leave no room for an answer in the context lose their beginning, as in lm-evaluation-harness.
    /// - Parameters:
    ///   - path: the task's data.
    ///   - limit: only the first so many items.
    ///   - addsSpecialTokens: puts in front of every prompt what the checkpoint does.
    /// - Throws: `TaskError` with file and line; `SelfPrunerError.badOption` for a context that is too short.
    init(
        _ task: GenerationTask, _ path: String, limit: Int?, addsSpecialTokens: Bool, _ checkpoint: any Checkpoint,
        _ tokenizer: Tokenizer
    ) throws {
        self.task = task
        items = try task.items(path, limit: limit)
        let context = checkpoint.description.contextLength
        let room = context - task.maximumTokens
        guard room >= 1 else {
            throw SelfPrunerError(
                .badOption,
                "The task \(task.name) asks for answers of \(task.maximumTokens) tokens, and the context of "
                    + "\(checkpoint.path) is \(context)")
        }
        var truncated = 0
        prompts = try items.map { item in
            let tokens = tokenizer.encode(item.prompt, addingSpecialTokens: addsSpecialTokens)
            guard !tokens.isEmpty else {
                throw TaskError(.badField, "The prompt has no tokens", file: path, line: item.line)
            }
            if tokens.count > room { truncated += 1 }
            return Array(tokens.suffix(room))
        }
        self.truncated = truncated
        var continuations = Continuations(checkpoint, tokenizer, maximumTokens: task.maximumTokens)
        continuations.stops = task.stops
        self.continuations = continuations
        positions = continuations.positions(prompts, context: context)
    }

    /// Asks for all answers, the most probable token each time, and compares them with the references.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    func measure(
        _ model: LlamaModel, _ observer: some RunObserver
    ) throws -> (report: GenerationTaskReport, result: GenerationTaskResult) {
        let start = ContinuousClock.now
        let answers = try observer.stage(task.name, total: items.count, unit: "answers") { progress in
            try continuations.run(model, prompts, progress: progress, isCancelled: { observer.isCancelled })
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let result = try task.score(items, answers.map(\.text))
        let report = GenerationTaskReport(
            task: task.name, version: task.version, questions: items.count, bleu: result.bleu, chrf: result.chrf,
            bleuSignature: result.bleuSignature, chrfSignature: result.chrfSignature, truncatedQuestions: truncated,
            tokens: answers.reduce(0) { $0 + $1.ids.count }, seconds: seconds)
        return (report, result)
    }
}

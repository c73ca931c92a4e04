import Checkpoints
import Models
import Tasks
import Tokenization

/// Asks a model for the answer to each item of a task of the kind `generate`, several at a time, the most probable token
/// each time, and compares the answers with the references.
/// - Parameters:
///   - path: the task's data.
///   - limit: only the first so many items.
///   - shots: examples in front of each item.
///   - model: prompts that leave no room for an answer in its positions lose their beginning, as in
///     lm-evaluation-harness.
///   - addsSpecialTokens: puts around every prompt what the checkpoint does. The harness does not unless told to.
/// - Throws: `TaskError` with file and line; `SelfPrunerError.badOption` for a model with too few positions;
///   `ModelError`, `KernelError`, `CancellationError`.
func generateTask(
    _ task: GenerationTask, data path: String, limit: Int? = nil, shots: Int = 0, checkpoint: any Checkpoint,
    tokenizer: Tokenizer, model: LlamaModel, addsSpecialTokens: Bool = false,
    observer: some RunObserver = SilentObserver()
) throws -> GenerationTaskResult {
    let items = try task.items(path, limit: limit, shots: shots)
    let room = model.maximumPositions - task.maximumTokens
    guard room >= 1 else {
        throw SelfPrunerError(
            .badOption,
            "The task \(task.name) asks for answers of \(task.maximumTokens) tokens, and the model has "
                + "\(model.maximumPositions) positions")
    }
    let prompts = try items.map { item in
        let tokens = tokenizer.encode(item.prompt, addingSpecialTokens: addsSpecialTokens)
        guard !tokens.isEmpty else {
            throw TaskError(.badField, "The prompt has no tokens", file: path, line: item.line)
        }
        return Array(tokens.suffix(room))
    }
    var continuations = Continuations(checkpoint, tokenizer, maximumTokens: task.maximumTokens)
    continuations.stops = task.stops
    let answers = try observer.stage(task.name, total: items.count, unit: "answers") { progress in
        try continuations.run(model, prompts, progress: progress, isCancelled: { observer.isCancelled })
    }
    return try task.score(items, answers.map(\.text), shots: shots)
}

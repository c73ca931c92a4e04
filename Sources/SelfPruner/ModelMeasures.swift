import Checkpoints
import Models
import Tokenization

/// Tasks and continuations of prompts, which reports of several models have of each where they are asked for.
struct ModelMeasures {
    private let tasks: SelectedTasks?
    private let prompts: EncodedPrompts?
    /// How prompts are continued.
    let generation: ModelComparisonReport.Generation?

    struct Measured {
        /// Without the memory of the process, which does more than measure one model.
        var tasks: TasksReport?
        var diversity: ContinuationsReport.Diversity?
        var continuations: [ContinuationsReport.Continuation]?
    }

    /// Reads all that is needed, so that whatever is wrong with a file is said before hours of work.
    /// - Parameter path: of the model, or of one with the same tokens.
    /// - Throws: errors that describe themselves in a sentence; `CancellationError`.
    init(
        _ tasks: TaskSelection?, _ prompts: PreparedPrompts?, _ path: String, _ checkpoint: any Checkpoint,
        _ tokenizer: Tokenizer, _ observer: some RunObserver
    ) throws {
        self.tasks = try tasks.map { try SelectedTasks($0, checkpoint, tokenizer, observer) }
        self.prompts = try prompts?.encode(path, checkpoint, tokenizer)
        generation = prompts.map { ModelComparisonReport.Generation($0) }
    }

    /// That the model needs; `nil` where there is nothing to measure.
    var positions: Int? { [tasks?.positions, prompts?.positions].compactMap { $0 }.max() }

    /// - Parameter name: of the model, behind the stage's name.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    func measure(_ model: LlamaModel, _ observer: some RunObserver, name: String) throws -> Measured {
        var measured = Measured(tasks: try tasks?.measure(model, observer))
        measured.tasks?.peakMemoryBytes = nil
        measured.continuations = try prompts?.run(model, observer, stage: "generate \(name)")
        measured.diversity = measured.continuations.map { .init($0.map(\.text)) }
        return measured
    }
}

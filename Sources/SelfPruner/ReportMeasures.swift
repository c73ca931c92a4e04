import Checkpoints
import Models
import Tokenization

/// What a pruning's report has besides perplexity and speed, where it is asked for: tasks, and continuations of prompts.
struct ReportMeasures {
    private let tasks: SelectedTasks?
    private let prompts: EncodedPrompts?
    /// How prompts are continued.
    let generation: ModelComparisonReport.Generation?

    /// Reads all that is needed, so that whatever is wrong with a file is said before hours of work. The smaller model has
    /// the same tokens.
    /// - Throws: errors that describe themselves in a sentence; `CancellationError`.
    init(
        _ options: PruneOptions, _ checkpoint: any Checkpoint, _ tokenizer: Tokenizer, _ observer: some RunObserver
    ) throws {
        tasks = try options.tasks.map { try SelectedTasks($0, checkpoint, tokenizer, observer) }
        let prompts = try options.continuations.map { try PreparedPrompts($0) }
        self.prompts = try prompts?.encode(options.model, checkpoint, tokenizer)
        generation = prompts.map { ModelComparisonReport.Generation($0) }
    }

    var isEmpty: Bool { tasks == nil && prompts == nil }

    /// That the models need.
    var positions: Int { max(tasks?.positions ?? 0, prompts?.positions ?? 0) }

    /// - Parameter name: of the model, behind the stage's name.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    func measure(
        _ model: LlamaModel, _ figures: inout PruneReport.Figures, _ observer: some RunObserver, name: String
    ) throws {
        figures.tasks = try tasks?.measure(model, observer)
        figures.tasks?.peakMemoryBytes = nil
        if let made = try prompts?.run(model, observer, stage: "generate \(name)") {
            figures.diversity = .init(made.map(\.text))
            figures.continuations = made
        }
    }
}

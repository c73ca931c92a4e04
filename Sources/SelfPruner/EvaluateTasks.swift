import Checkpoints
import Foundation
import Kernels
import Models
import Tasks
import Tokenization

/// Which tasks to measure, on how much of them, and from where.
public struct TaskSelection: Sendable {
    /// The seven tasks of papers on pruning, which come with the program.
    public static let standard = TaskLibrary.standard

    /// Names of tasks; `all` stands for the program's own and those of `declarationFolder`.
    public var names: [String]
    /// Only the first so many questions of each task.
    public var limit: Int?
    /// Examples in front of each question.
    public var shots = 0
    /// Where the data files lie; by default, where `selfpruner fetch tasks` puts them (`TaskFolder`).
    public var dataFolder: String?
    /// Declarations of more tasks.
    public var declarationFolder: String?
    /// Around every text what the model's tokenizer puts there, begin of text for example.
    public var addsSpecialTokens = true
    /// Where to write what was found for each question, one JSON object a line (`TaskSample`).
    public var samplesFile: String?

    public init(_ names: [String] = ["all"]) { self.names = names }

    fileprivate func check() throws(SelfPrunerError) {
        if names.isEmpty { throw SelfPrunerError(.badOption, "No task is named") }
        if let limit, limit < 1 {
            throw SelfPrunerError(.badOption, "At least 1 question of each task is needed, not \(limit)")
        }
        guard (0...1000).contains(shots) else {
            throw SelfPrunerError(.badOption, "The examples in front of a question are 0 to 1000, not \(shots)")
        }
        guard let samplesFile else { return }
        // Said before an hour of work, not after it.
        let file = URL(fileURLWithPath: samplesFile)
        var isFolder = ObjCBool(false)
        if FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder), isFolder.boolValue {
            throw SelfPrunerError(
                .outputNotWritable, "The samples file \(samplesFile) cannot be written: it is a folder")
        }
        let folder = file.deletingLastPathComponent().path
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw SelfPrunerError(
                .outputNotWritable,
                "The samples file \(samplesFile) cannot be written: \(folder) is no folder to write to")
        }
    }

    /// - Throws: `SelfPrunerError.taskDataNotFound`, saying how to get it.
    fileprivate func path(
        _ file: String, _ purpose: String, isFetched: Bool = true
    ) throws(SelfPrunerError) -> String {
        let folder = dataFolder ?? TaskFolder.default
        let path = (folder as NSString).appendingPathComponent(file)
        guard FileManager.default.fileExists(atPath: path) else {
            throw SelfPrunerError(
                .taskDataNotFound,
                "There is no \(path), \(purpose); "
                    + (isFetched
                        ? "run `selfpruner fetch tasks` to get it (or Scripts/make-task-data, without the hub), or name "
                            + "the folder that holds it with --task-data"
                        : "`selfpruner fetch tasks` gets validation sets only: put the task's training set there, in the "
                            + "same form, or name the folder that holds both with --task-data"))
        }
        return path
    }
}

/// Measures a model on zero-shot tasks, as lm-evaluation-harness does.
/// - Throws: errors that describe themselves in a sentence; `CancellationError`.
public func evaluateTasks(
    model path: String, _ selection: TaskSelection, compute: ComputeOptions = ComputeOptions(),
    observer: some RunObserver = SilentObserver()
) throws -> TasksReport {
    let precision = try compute.apply()
    let checkpoint = try openCheckpoint(path)
    let tasks = try SelectedTasks(selection, checkpoint, Tokenizer(checkpoint.tokenizer), observer)
    let model = try loadModel(checkpoint, precision, positions: tasks.positions, observer)
    return try tasks.measure(model, observer)
}

/// Measures a model on a text and on zero-shot tasks, and loads it once.
/// - Throws: errors that describe themselves in a sentence; `CancellationError`.
public func evaluate(
    _ options: EvaluateOptions, tasks selection: TaskSelection, observer: some RunObserver = SilentObserver()
) throws -> (text: EvaluationReport, tasks: TasksReport) {
    let precision = try options.compute.apply()
    let checkpoint = try openCheckpoint(options.model)
    let tokenizer = try Tokenizer(checkpoint.tokenizer)
    let text = try EvaluationText(options, checkpoint, tokenizer)
    let tasks = try SelectedTasks(selection, checkpoint, tokenizer, observer)
    let model = try loadModel(
        checkpoint, precision, positions: max(text.positions, tasks.positions), observer)
    let perplexity = try text.measure(model, observer)
    var results = try tasks.measure(model, observer)
    // The dense model was in this process too.
    if options.against != nil { results.peakMemoryBytes = nil }
    return (perplexity, results)
}

/// Tasks with their questions in tokens: all that is needed of them before there is a model, so that whatever is wrong
/// with a file is said first.
struct SelectedTasks {
    private let selection: TaskSelection
    private let tasks: [EncodedTask]
    private let generation: [EncodedGeneration]
    private let contextLength: Int

    /// - Throws: `SelfPrunerError`, `TaskError`, `CancellationError`.
    init(
        _ selection: TaskSelection, _ checkpoint: any Checkpoint, _ tokenizer: Tokenizer,
        _ observer: some RunObserver
    ) throws {
        try selection.check()
        let library = try TaskLibrary(folder: selection.declarationFolder)
        let chosen = try library.tasks(selection.names)
        let written = library.generationTasks(selection.names)
        // Missing files are found before the first one is read.
        var files: [(path: String, examples: FewShot?)] = []
        for task in chosen {
            let path = try selection.path(task.dataFile, "the questions of \(task.name)")
            files.append((path, try Self.examples(task, selection)))
        }
        var answers: [(path: String, task: GenerationTask)] = []
        for task in written {
            guard selection.shots == 0 else { throw Self.noExamples(task.name) }
            answers.append((try selection.path(task.dataFile, "the questions of \(task.name)"), task))
        }
        let contextLength = checkpoint.description.contextLength
        let encoder = PairEncoder(
            tokenizer, maximumPositions: contextLength, addsSpecialTokens: selection.addsSpecialTokens)
        tasks = try observer.stage("read tasks", total: chosen.count, unit: "tasks") { progress in
            var tasks: [EncodedTask] = []
            for (task, file) in zip(chosen, files) {
                if observer.isCancelled { throw CancellationError() }
                let items = try task.items(file.path, limit: selection.limit, examples: file.examples)
                tasks.append(
                    try EncodedTask(
                        task, items, shots: selection.shots, file: file.path, encoder: encoder,
                        isCancelled: { observer.isCancelled }))
                progress(tasks.count)
            }
            return tasks
        }
        generation = try answers.map { path, task in
            try EncodedGeneration(
                task, path, limit: selection.limit, addsSpecialTokens: selection.addsSpecialTokens, checkpoint,
                tokenizer)
        }
        self.selection = selection
        self.contextLength = contextLength
    }

    private static func examples(
        _ task: TaskDeclaration, _ selection: TaskSelection
    ) throws(SelfPrunerError) -> FewShot? {
        guard selection.shots > 0 else { return nil }
        guard let file = task.fewShotFile else { throw noExamples(task.name) }
        return FewShot(
            count: selection.shots,
            path: try selection.path(
                file, "which the examples of \(task.name) are drawn from", isFetched: false))
    }

    private static func noExamples(_ name: String) -> SelfPrunerError {
        SelfPrunerError(
            .badOption,
            "The task \(name) has no examples to put in front of its questions (its declaration names no fewShotFile); "
                + "use --shots 0")
    }

    /// Positions of the longest choice, and of the longest prompt with its answer.
    var positions: Int {
        max(tasks.reduce(1) { max($0, $1.positions) }, generation.reduce(1) { max($0, $1.positions) })
    }

    func measure(_ model: LlamaModel, _ observer: some RunObserver) throws -> TasksReport {
        let rows = tasks.reduce(0) { max($0, $1.rows) }
        let scorer = LogLikelihoodScorer(model, rows: min(rows, LogLikelihoodScorer.defaultRows))
        var results: [TaskResult] = []
        for task in tasks {
            results.append(
                try observer.stage(task.task.name, total: task.count, unit: "questions") { progress in
                    try task.evaluate(with: scorer, progress: progress, isCancelled: { observer.isCancelled })
                })
        }
        let written = try generation.map { try $0.measure(model, observer) }
        if let file = selection.samplesFile {
            try TaskSample.write(results, tasks.map(\.task), written.map(\.result), to: file)
        }
        return TasksReport(
            results, written.map(\.report), selection, contextLength: contextLength,
            precision: model.precision.rawValue,
            weightBytes: model.byteCount)
    }
}

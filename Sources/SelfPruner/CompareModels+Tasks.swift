import Checkpoints
import Kernels
import Models
import Tasks
import Tokenization

/// What one task says of a model.
public struct TaskFigure: Sendable, Codable, Equatable {
    public var task: String
    /// `acc`, `acc_norm`, `bleu` or `chrf`.
    public var metric: String
    /// `acc` and `acc_norm` are fractions of the items, `bleu` and `chrf` are in per cent.
    public var value: Double
    /// Of `acc` and `acc_norm`.
    public var standardError: Double?
    public var items: Int
}

extension TaskSelection {
    /// The one place where models that are compared meet tasks.
    /// - Returns: of each task the figures of papers: the length-normalised accuracy where there is one, else the
    ///   accuracy; of the kind `generate` all that the task asks for.
    /// - Throws: `TaskError`, `SelfPrunerError.badOption`, what `LlamaModel` throws, `CancellationError`.
    func measure(
        _ checkpoint: any Checkpoint, _ tokenizer: Tokenizer, _ precision: Precision, _ observer: some RunObserver
    ) throws -> [TaskFigure] {
        let folder = dataFolder ?? "."
        let library = try TaskLibrary(folder: declarationFolder)
        let positions = min(checkpoint.description.contextLength, Self.positions)
        let model = try loadModel(checkpoint, precision, positions: positions, observer)
        let encoder = PairEncoder(tokenizer, maximumPositions: positions, addsSpecialTokens: addsSpecialTokens)
        let scorer = LogLikelihoodScorer(model)
        var figures: [TaskFigure] = []
        for name in names {
            if let task = library.generationTask(name) {
                let result = try generateTask(
                    task, data: folder + "/" + task.dataFile, limit: limit, checkpoint: checkpoint,
                    tokenizer: tokenizer, model: model, addsSpecialTokens: addsSpecialTokens, observer: observer)
                for (metric, value) in [("bleu", result.bleu), ("chrf", result.chrf)] {
                    guard let value else { continue }
                    figures.append(TaskFigure(task: name, metric: metric, value: value, items: result.items.count))
                }
                continue
            }
            let task = try library.task(name)
            let file = folder + "/" + task.dataFile
            let items = try task.items(file, limit: limit)
            let result = try observer.stage(name, total: items.count, unit: "questions") { progress in
                try task.evaluate(
                    items, file: file, encoder: encoder, with: scorer, progress: progress,
                    isCancelled: { observer.isCancelled })
            }
            figures.append(
                TaskFigure(
                    task: name, metric: result.normalizedAccuracy == nil ? "acc" : "acc_norm",
                    value: result.preferredAccuracy.value, standardError: result.preferredAccuracy.standardError,
                    items: result.items.count))
        }
        return figures
    }

    /// Longer contexts lose their beginning.
    private static let positions = 2048
}

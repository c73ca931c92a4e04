import Checkpoints
import Evaluation
import Kernels
import Models

/// How far a model is from the one that it was made from.
public struct DivergenceReport: Sendable, Codable, Equatable {
    /// The other model, as it was named.
    public var dense: String
    /// Mean KL(dense ‖ model) in nats per token, over the dense model's 256 most probable tokens and the rest as one.
    public var mean: Double
    public var standardError: Double
    /// Positions compared, all of each window.
    public var tokens: Int
}

/// The model that another one was made from, with its headers read.
struct DenseModel {
    private let path: String
    private let checkpoint: any Checkpoint

    /// - Parameter positions: of the longest window.
    /// - Throws: `SelfPrunerError.badOption` for models with different vocabularies, and for a context that is too
    ///   short; errors of the dense model.
    init(_ path: String, comparedWith model: any Checkpoint, positions: Int) throws {
        self.path = path
        checkpoint = try openCheckpoint(path)
        guard checkpoint.description.vocabularySize == model.description.vocabularySize else {
            throw SelfPrunerError(
                .badOption,
                "The model \(path) has a vocabulary of \(checkpoint.description.vocabularySize) tokens, and the one to "
                    + "compare with it of \(model.description.vocabularySize)")
        }
        try requireContext(of: checkpoint, path, positions: positions)
    }

    /// Loads the dense model in the precision of `model`, and compares the two.
    /// - Throws: errors of the models; `CancellationError`.
    func measureDivergence(
        of model: LlamaModel, _ windows: [[Int32]], _ observer: some RunObserver
    ) throws -> DivergenceReport {
        let longest = windows.map(\.count).max() ?? 0
        let dense = try loadModel(checkpoint, model.precision, positions: longest, observer)
        let total = windows.reduce(0) { $0 + $1.count }
        let rows = min(max(workspaceRows, longest), total)
        let divergence = try observer.stage("compare", total: total, unit: "tokens") { progress in
            try Divergence.measure(
                model, from: dense, windows, in: (Workspace(model, rows: rows), Workspace(dense, rows: rows)),
                progress: progress, isCancelled: { observer.isCancelled })
        }
        return DivergenceReport(
            dense: path, mean: divergence.mean, standardError: divergence.standardError, tokens: divergence.tokens)
    }
}

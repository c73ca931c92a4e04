import Checkpoints
import Evaluation
import Foundation
import Kernels
import Models
import Tokenization

/// What to measure of a model on a text.
public struct EvaluateOptions: Sendable {
    public var model: String
    public var text: String
    public var joiner = TextJoiner.none
    /// Tokens of one window.
    public var sequenceLength = 2048
    /// At most this many tokens of the text, in whole windows.
    public var maximumTokens: Int?
    /// Windows begin with the begin-of-text token.
    public var addsBeginOfText = false
    /// A model with the same vocabulary, whose distributions those of `model` are compared with.
    public var against: String?
    public var compute = ComputeOptions()

    public init(model: String, text: String) {
        self.model = model
        self.text = text
    }
}

/// The content of `selfpruner evaluate --json`.
public struct EvaluationReport: Sendable, Codable {
    public var model: String
    public var perplexity: Double
    /// Of `perplexity`, to first order.
    public var perplexityStandardError: Double
    /// Nats per predicted token.
    public var negativeLogLikelihood: Double
    public var standardError: Double
    public var tokensScored: Int
    /// Prefill with the head at every position, loading excluded.
    public var tokensPerSecond: Double
    public var seconds: Double
    public var peakMemoryBytes: Int
    /// Bytes of the weights as they lie in memory.
    public var weightBytes: Int
    public var threads: Int
    public var `protocol`: PerplexityProtocol
    public var divergence: DivergenceReport?
}

/// How a perplexity was measured. Perplexity is not one number; every figure carries this.
public struct PerplexityProtocol: Sendable, Codable, Equatable {
    public var corpus: String
    /// How the text was put together from the file.
    public var joiner: String
    /// Tokens of one window.
    public var sequenceLength: Int
    /// Tokens from one window's start to the next one's.
    public var stride: Int
    public var windows: Int
    /// Each window starts with the begin-of-text token.
    public var beginOfText: Bool
    public var precision: String
}

/// Measures the perplexity of a model on a text.
/// - Throws: errors that describe themselves in a sentence; `CancellationError`.
public func evaluate(
    _ options: EvaluateOptions, observer: some RunObserver = SilentObserver()
) throws -> EvaluationReport {
    let precision = try options.compute.apply()
    let checkpoint = try openCheckpoint(options.model)
    let text = try EvaluationText(options, checkpoint, Tokenizer(checkpoint.tokenizer))
    let model = try loadModel(checkpoint, precision, positions: text.positions, observer)
    return try text.measure(model, observer)
}

/// The windows of a text: all that is needed of it before there is a model.
struct EvaluationText {
    private let options: EvaluateOptions
    private let name: String
    let windows: [[Int32]]
    private var dense: DenseModel?

    /// Positions of the longest window.
    var positions: Int { windows[0].count }

    /// With the dense model, if the options name one: it is opened now, so that whatever is wrong with it is said
    /// before anything is measured.
    /// - Throws: `SelfPrunerError`; errors of the dense model.
    init(_ options: EvaluateOptions, _ checkpoint: any Checkpoint, _ tokenizer: Tokenizer) throws {
        try self.init(options, tokenizer)
        dense = try options.against.map { try DenseModel($0, comparedWith: checkpoint, positions: positions) }
    }

    /// Without a dense model.
    /// - Throws: `SelfPrunerError`.
    init(_ options: EvaluateOptions, _ tokenizer: Tokenizer) throws {
        guard options.sequenceLength >= 2 else {
            throw SelfPrunerError(.badOption, "The sequence length must be at least 2, not \(options.sequenceLength)")
        }
        if let maximum = options.maximumTokens, maximum < 2 {
            throw SelfPrunerError(.badOption, "At least 2 tokens are needed, not \(maximum)")
        }
        let text = try Text(options.text, tokenizer: tokenizer, joiner: options.joiner)
        var beginOfText: Int32?
        if options.addsBeginOfText {
            guard let token = tokenizer.beginOfTextToken else {
                throw SelfPrunerError(.badOption, "This model has no begin-of-text token")
            }
            beginOfText = token
        }
        windows =
            TextWindows(
                text.tokens, length: options.sequenceLength, maximumTokens: options.maximumTokens,
                beginOfText: beginOfText
            ).windows
        guard !windows.isEmpty else {
            throw SelfPrunerError(
                .textTooShort, "The text \(text.name) has \(text.tokens.count) tokens; at least 2 are needed")
        }
        self.options = options
        name = text.name
    }

    func measure(_ model: LlamaModel, _ observer: some RunObserver) throws -> EvaluationReport {
        let result = try measurePerplexity(model, windows, observer)
        var report = EvaluationReport(
            model: options.model, perplexity: result.value, perplexityStandardError: result.valueStandardError,
            negativeLogLikelihood: result.negativeLogLikelihood, standardError: result.standardError,
            tokensScored: result.tokensScored, tokensPerSecond: result.tokensPerSecond, seconds: result.seconds,
            peakMemoryBytes: ProcessFigures.peakMemoryBytes, weightBytes: model.byteCount, threads: Threads.count,
            protocol: measured(in: model.precision))
        report.divergence = try dense.map { try $0.measureDivergence(of: model, windows, observer) }
        return report
    }

    /// How it is measured.
    func measured(in precision: Precision) -> PerplexityProtocol {
        PerplexityProtocol(
            corpus: name, joiner: options.joiner.words, sequenceLength: windows[0].count,
            stride: options.sequenceLength - (options.addsBeginOfText ? 1 : 0), windows: windows.count,
            beginOfText: options.addsBeginOfText, precision: precision.rawValue)
    }
}

/// Rows of one forward pass: enough for the matrix products' peak rate, few enough for the caches.
let workspaceRows = 2048

/// - Throws: `SelfPrunerError.badOption` for a sequence that is longer than the model's context.
func requireContext(of checkpoint: any Checkpoint, _ path: String, positions: Int) throws(SelfPrunerError) {
    let context = checkpoint.description.contextLength
    guard positions <= context else {
        throw SelfPrunerError(
            .badOption, "A sequence of \(positions) tokens is longer than the context of \(path), \(context)")
    }
}

func loadModel(
    _ checkpoint: any Checkpoint, _ precision: Precision, positions: Int, _ observer: some RunObserver
) throws -> LlamaModel {
    try observer.stage("load", total: checkpoint.description.blocks.count, unit: "blocks") { progress in
        try LlamaModel(checkpoint, precision: precision, positions: positions, progress: progress)
    }
}

func measurePerplexity(
    _ model: LlamaModel, _ windows: [[Int32]], _ observer: some RunObserver, stage: String = "evaluate"
) throws -> Perplexity {
    let rows = max(workspaceRows, windows.map(\.count).max() ?? 0)
    let workspace = Workspace(model, rows: min(rows, windows.reduce(0) { $0 + $1.count }))
    let total = windows.reduce(0) { $0 + $1.count }
    return try observer.stage(stage, total: total, unit: "tokens") { progress in
        try Perplexity.measure(
            model, windows, in: workspace, progress: progress, isCancelled: { observer.isCancelled })
    }
}

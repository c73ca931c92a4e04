import Checkpoints
import Foundation
import Kernels
import Logging
import Models
import Proposers
import Search
import Tokenization

/// A model with its texts and prompts, read and ready to run.
struct PreparedModel {
    let checkpoint: any Checkpoint
    let tokenizer: Tokenizer
    let texts: PruneTexts
    let prompts: PromptLibrary
    let model: LlamaModel
    let workspace: Workspace
    let calibrationCache: CalibrationCache?

    /// Tokens that the prompts of the model under pruning may have, replies included.
    static let promptPositions = 4096

    /// - Parameter positions: that what else is done with the model needs.
    /// - Throws: errors that describe themselves in a sentence.
    init(
        _ options: SearchOptions, _ precision: Precision, _ observer: some RunObserver,
        positions needed: (any Checkpoint, Tokenizer) throws -> Int = { _, _ in 0 }
    ) throws {
        try CalibrationCache.check(options)
        checkpoint = try openCheckpoint(options.model)
        tokenizer = try Tokenizer(checkpoint.tokenizer)
        texts = try PruneTexts(
            options, tokenizer, vocabularySize: checkpoint.description.vocabularySize)
        prompts = try PromptLibrary(folder: options.prompts)
        let positions = max(
            texts.longestWindow, try needed(checkpoint, tokenizer),
            min(Self.promptPositions, checkpoint.description.contextLength))
        model = try loadModel(checkpoint, precision, positions: positions, observer)
        workspace = Workspace(model, rows: max(workspaceRows, texts.longestWindow))
        calibrationCache = CalibrationCache(options, checkpoint, model, calibration: texts.calibration)
    }
}

extension PreparedModel {
    /// How the evaluation text is scored.
    func perplexityProtocol(_ options: SearchOptions) -> PerplexityProtocol {
        PerplexityProtocol(
            corpus: texts.evaluationName, joiner: options.evaluationJoiner.words,
            sequenceLength: texts.evaluation[0].count, stride: options.sequenceLength,
            windows: texts.evaluation.count, beginOfText: false, precision: model.precision.rawValue)
    }
}

private let log = Logger(label: "selfpruner.stages")

/// Seconds of each stage.
struct StageTimes {
    private(set) var seconds: [String: Double] = [:]
    /// Of stages whose results were found in the calibration cache: what they took when they were done.
    private(set) var cachedSeconds: [String: Double] = [:]

    mutating func addCached(_ name: String, seconds: Double) { cachedSeconds[name, default: 0] += seconds }

    mutating func measure<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
        let start = ContinuousClock.now
        defer { add(name, since: start) }
        return try body()
    }

    mutating func add(_ name: String, since start: ContinuousClock.Instant) {
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        seconds[name, default: 0] += elapsed
        log.debug("stage done", metadata: ["stage": "\(name)", "seconds": "\(elapsed)"])
    }
}

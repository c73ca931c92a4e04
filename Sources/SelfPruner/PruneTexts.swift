import Evaluation
import Tokenization

/// The three texts of a pruning, which share nothing: the calibration sees one, the search another, the report the
/// third.
struct PruneTexts {
    let calibrationPaths: [String]
    let fitnessPath: String
    let evaluationPath: String
    let calibration: [[Int32]]
    let fitness: [[Int32]]
    let evaluation: [[Int32]]
    let evaluationName: String
    let tokenizerFiles: [TokenizerFile]

    /// Windows of the fitness text: long enough for context, short enough for many of them.
    private static let fitnessWindow = 1024

    /// - Throws: `SelfPrunerError` for texts that are missing, too short or overlap.
    init(_ options: PruneOptions, _ tokenizer: Tokenizer) throws {
        calibrationPaths = try options.calibrationTexts ?? [DefaultTexts.calibration.path()]
        fitnessPath = try options.fitnessText ?? DefaultTexts.fitness.path()
        evaluationPath = try options.evaluationText ?? DefaultTexts.evaluation.path()
        let calibration = try Text(
            calibrationPaths, maximumTokens: options.calibrationTokens, tokenizer: tokenizer)
        let fitness = try Text([fitnessPath], maximumTokens: options.fitnessTokens, tokenizer: tokenizer)
        var evaluation = try Text(evaluationPath, tokenizer: tokenizer, joiner: options.evaluationJoiner)
        if let maximum = options.evaluationTokens { evaluation.tokens = Array(evaluation.tokens.prefix(maximum)) }
        try Text.refuseOverlap([
            ("calibration", calibration), ("fitness", fitness), ("evaluation", evaluation),
        ])
        self.calibration = try Self.windows(calibration, options.sequenceLength)
        self.fitness = try Self.windows(fitness, min(Self.fitnessWindow, options.sequenceLength))
        self.evaluation = try Self.windows(evaluation, options.sequenceLength)
        evaluationName = evaluation.name
        tokenizerFiles = try tokenizer.exportFiles()
    }

    var longestWindow: Int { (calibration + fitness + evaluation).map(\.count).max() ?? 0 }

    private static func windows(_ text: Text, _ length: Int) throws(SelfPrunerError) -> [[Int32]] {
        let windows = TextWindows(text.tokens, length: length).windows
        guard !windows.isEmpty else {
            throw SelfPrunerError(
                .textTooShort, "The text \(text.name) has \(text.tokens.count) tokens; at least 2 are needed")
        }
        return windows
    }
}

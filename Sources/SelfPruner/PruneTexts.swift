import Calibration
import Evaluation
import Tokenization

/// The three texts of a pruning, which share nothing: the calibration sees one, the search another, the report the
/// third.
struct PruneTexts {
    let calibrationPaths: [String]
    let fitnessPath: String
    let evaluationPath: String
    let calibrationWindows: CalibrationWindows
    /// Windows of each rung.
    let fitness: [[[Int32]]]
    let evaluation: [[Int32]]
    let evaluationName: String

    /// - Parameter vocabularySize: of the model, whose tokenizer may have more.
    /// - Throws: `SelfPrunerError` for texts that are missing, too short or overlap.
    init(_ options: SearchOptions, _ tokenizer: Tokenizer, vocabularySize: Int) throws {
        calibrationPaths = try options.calibrationTexts ?? [DefaultTexts.calibration.path()]
        fitnessPath = try options.fitnessText ?? DefaultTexts.fitness.path()
        evaluationPath = try options.evaluationText ?? DefaultTexts.evaluation.path()
        let calibration = try Text(
            calibrationPaths, maximumTokens: options.calibrationTokens, tokenizer: tokenizer)
        let fitness = try Text(fitnessPath, tokenizer: tokenizer, joiner: options.fitnessJoiner)
        var evaluation = try Text(evaluationPath, tokenizer: tokenizer, joiner: options.evaluationJoiner)
        if let maximum = options.evaluationTokens { evaluation.tokens = Array(evaluation.tokens.prefix(maximum)) }
        try Text.refuseOverlap([
            ("calibration", calibration), ("fitness", fitness), ("evaluation", evaluation),
        ])
        let share = options.settledVocabularyShare
        calibrationWindows = CalibrationWindows(
            try Self.windows(calibration, options.sequenceLength), listShare: share,
            vocabulary: share > 0 ? tokenizer.textTokens.filter { $0 < vocabularySize } : [])
        self.fitness = try Self.rungs(fitness, options)
        self.evaluation = try Self.windows(evaluation, options.sequenceLength)
        evaluationName = evaluation.name
    }

    var calibration: [[Int32]] { calibrationWindows.all }

    var longestWindow: Int { (calibration + fitness.joined() + evaluation).map(\.count).max() ?? 0 }

    private static func windows(_ text: Text, _ length: Int) throws(SelfPrunerError) -> [[Int32]] {
        let windows = TextWindows(text.tokens, length: length).windows
        guard !windows.isEmpty else {
            throw SelfPrunerError(
                .textTooShort, "The text \(text.name) has \(text.tokens.count) tokens; at least 2 are needed")
        }
        return windows
    }

    /// Windows for each rung from all over the text, so that a short rung is no single document; none is on two rungs.
    /// The last rung chooses first: its text is the same whatever rungs are before it.
    private static func rungs(_ text: Text, _ options: SearchOptions) throws(SelfPrunerError) -> [[[Int32]]] {
        let length = min(options.fitnessWindow ?? 512, options.sequenceLength, options.rungTokens.min() ?? .max)
        let windows = TextWindows(text.tokens, length: length).windows.filter { $0.count == length }
        let counts = options.rungTokens.map { max(1, ($0 + length / 2) / length) }
        // Without rungs, one window is the least.
        let needed = max(counts.reduce(0, +), 1)
        guard windows.count >= needed else {
            throw SelfPrunerError(
                .textTooShort,
                "The fitness text \(text.name) has \(text.tokens.count) tokens; the rungs of the search need "
                    + "\(needed * length)")
        }
        if counts.isEmpty { return [windows] }
        var free = Array(windows.indices)
        let rungs = counts.reversed().map { count in
            let chosen = (0..<count).map { free[$0 * free.count / count] }
            free.removeAll(where: Set(chosen).contains)
            return chosen.map { windows[$0] }
        }
        return rungs.reversed()
    }
}

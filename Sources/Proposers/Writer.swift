import RealModule
import Search

/// One text of a grammar while a model writes it.
struct Writer {
    private let constraint: GrammarConstraint
    private let temperature: Double
    private var generator: SeededGenerator
    private var state: Int
    /// What is settled of the text, UTF-8.
    private(set) var text: [UInt8]
    /// Tokens that the model is yet to read.
    var pending: [Int32]
    private(set) var isDone: Bool
    private(set) var logProbability = 0.0

    /// - Throws: `ProposerError.vocabularyTooSmall`.
    init(_ request: ConstrainedSampler.Request, _ constraint: GrammarConstraint) throws(ProposerError) {
        self.constraint = constraint
        temperature = request.temperature
        generator = request.generator
        let step = try constraint.begin(behind: request.suffix)
        (state, text, isDone) = (step.state, step.bytes, step.isLast)
        pending = step.isLast ? [] : step.tokens
    }

    /// Draws the next token, or the end where the text may end.
    /// - Parameter stops: tokens by which the model would end a text.
    /// - Throws: `ProposerError.vocabularyTooSmall`.
    mutating func goOn(_ logits: UnsafeBufferPointer<Float>, _ stops: [Int]) throws(ProposerError) {
        let allowed = constraint.mask.allowed(state)
        let mayEnd = constraint.mask.automaton.isAccepting(state)
        guard mayEnd || !allowed.tokens.isEmpty else {
            throw ProposerError(
                .vocabularyTooSmall,
                "No token of the vocabulary goes on behind \"\(String(decoding: text, as: UTF8.self))\"")
        }
        var scores = allowed.tokens.map { Self.number(logits[Int($0)]) }
        if mayEnd { scores.append(Self.logSumExp(stops.map { Self.number(logits[$0]) })) }
        let drawn = draw(scores)
        guard drawn < allowed.tokens.count else {
            (pending, isDone) = ([], true)
            return
        }
        let step = try constraint.step(from: state, allowed.tokens[drawn], to: allowed.states[drawn])
        text += step.bytes
        (state, isDone) = (step.state, step.isLast)
        pending = step.isLast ? [] : step.tokens
    }

    /// An index of `scores`, with the probability of its softmax at the temperature.
    private mutating func draw(_ scores: [Double]) -> Int {
        var best = 0
        for index in scores.indices where scores[index] > scores[best] { best = index }
        let peak = scores[best]
        // Equal scores first, since infinities have no difference.
        func weight(_ score: Double, _ temperature: Double) -> Double {
            score == peak ? 1 : Double.exp((score - peak) / temperature)
        }
        var drawn = best
        if temperature > 0 {
            let weights = scores.map { weight($0, temperature) }
            var rest = generator.uniform01() * weights.reduce(0, +)
            for (index, weight) in weights.enumerated() {
                rest -= weight
                if rest < 0 {
                    drawn = index
                    break
                }
            }
        }
        logProbability += Double.log(weight(scores[drawn], 1) / scores.reduce(0) { $0 + weight($1, 1) })
        return drawn
    }

    /// A broken model's NaN is no score at all.
    private static func number(_ logit: Float) -> Double { logit.isNaN ? -.infinity : Double(logit) }

    private static func logSumExp(_ scores: [Double]) -> Double {
        guard let peak = scores.max(), peak.isFinite else { return scores.max() ?? -.infinity }
        return peak + Double.log(scores.reduce(0) { $0 + Double.exp($1 - peak) })
    }
}

/// How texts of one grammar are written in the tokens of one vocabulary. Serves one caller at a time.
final class GrammarConstraint {
    /// Text that is settled: its tokens are yet to run.
    struct Step {
        var tokens: [Int32]
        /// What the tokens write of the grammar's text.
        var bytes: [UInt8]
        var state: Int
        /// Whether the text ends here, with no way to go on.
        var isLast: Bool
    }

    let mask: TokenMask
    private let vocabulary: TokenVocabulary
    private let encoder: FragmentEncoder
    private var steps: [StepKey: Step] = [:]

    private struct StepKey: Hashable {
        var state: Int
        var token: Int32
    }

    /// - Throws: `ProposerError.badGrammar`.
    init(_ grammar: Grammar, _ vocabulary: TokenVocabulary, _ encoder: FragmentEncoder) throws(ProposerError) {
        mask = TokenMask(try GrammarAutomaton(grammar), vocabulary)
        self.vocabulary = vocabulary
        self.encoder = encoder
    }

    /// The end of the prompt and what the grammar forces at its start.
    /// - Throws: `ProposerError.vocabularyTooSmall`.
    func begin(behind suffix: String) throws(ProposerError) -> Step {
        let suffix = Array(suffix.utf8)
        var step = try settle(suffix, nil, mask.automaton.start)
        step.bytes.removeFirst(suffix.count)
        return step
    }

    /// A drawn token, which leads to `next`, and what the grammar forces behind it.
    /// - Throws: `ProposerError.vocabularyTooSmall`.
    func step(from state: Int, _ token: Int32, to next: Int) throws(ProposerError) -> Step {
        let key = StepKey(state: state, token: token)
        if let known = steps[key] { return known }
        let step = try settle(vocabulary.spellings[Int(token)], token, next)
        steps[key] = step
        return step
    }

    /// `head`, which `token` writes if there is one, and the forced bytes behind it, encoded together: the model then
    /// sees the tokens that it knows from its prompt, even where the drawn one began the forced text.
    private func settle(_ head: [UInt8], _ token: Int32?, _ state: Int) throws(ProposerError) -> Step {
        let automaton = mask.automaton
        let forced = automaton.forced(state)
        guard let end = automaton.advance(state, forced) else { preconditionFailure("forced bytes are dead") }
        let isLast = automaton.isFinal(end)
        if forced.isEmpty, let token { return Step(tokens: [token], bytes: head, state: end, isLast: isLast) }
        var step = Step(tokens: try encoder.encode(head + forced), bytes: head + forced, state: end, isLast: isLast)
        // Where a longer token can begin with the last one, that choice is still open: "Aa" may go on with " 12".
        if !isLast, let last = step.tokens.last {
            let length = vocabulary.spellings[Int(last)].count
            if length > 0, length <= forced.count,
                let open = automaton.advance(state, forced.dropLast(length)), mask.allowed(open).longest > length
            {
                step = Step(
                    tokens: step.tokens.dropLast(), bytes: step.bytes.dropLast(length), state: open, isLast: false)
            }
        }
        return step
    }
}

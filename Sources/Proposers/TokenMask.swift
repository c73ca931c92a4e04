/// Which tokens may follow in which state of a grammar, for one vocabulary. Serves one caller at a time.
package final class TokenMask {
    /// Tokens that keep the text a beginning of one of the language.
    package struct Allowed {
        /// Ascending ids.
        package var tokens: [Int32] = []
        /// The state after each.
        package var states: [Int] = []
        /// Bytes of the longest.
        package var longest = 0
    }

    package let automaton: GrammarAutomaton
    private let vocabulary: TokenVocabulary
    private var known: [Int: Allowed] = [:]

    package init(_ automaton: GrammarAutomaton, _ vocabulary: TokenVocabulary) {
        self.automaton = automaton
        self.vocabulary = vocabulary
    }

    /// Walks the vocabulary's trie in step with the automaton, so that the cost is that of the live prefixes.
    package func allowed(_ state: Int) -> Allowed {
        if let allowed = known[state] { return allowed }
        var found: [(token: Int32, state: Int)] = []
        var longest = 0
        var open: [(node: Int32, state: Int, depth: Int)] = [(0, state, 0)]
        while let (node, state, depth) = open.popLast() {
            for child in vocabulary.children[Int(node)] {
                guard let next = automaton.advance(state, vocabulary.bytes[Int(child)]) else { continue }
                let ends = vocabulary.ends[Int(child)]
                for index in ends { found.append((vocabulary.tokens[Int(index)], next)) }
                if !ends.isEmpty { longest = max(longest, depth + 1) }
                open.append((child, next, depth + 1))
            }
        }
        found.sort { $0.token < $1.token }
        let allowed = Allowed(tokens: found.map(\.token), states: found.map(\.state), longest: longest)
        known[state] = allowed
        return allowed
    }
}

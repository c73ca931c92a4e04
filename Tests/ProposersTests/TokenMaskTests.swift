import Foundation
import Search
import Testing

@testable import Proposers

struct TokenMaskTests {
    /// Compares with the definition: a token is allowed where some text of the language begins with it behind `prefix`.
    private func expectMask(
        _ grammar: Grammar, _ language: Set<[UInt8]>, _ spellings: [[UInt8]],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let automaton = try GrammarAutomaton(grammar)
        let mask = TokenMask(automaton, TokenVocabulary(spellings: spellings))
        let beginnings = Set(language.flatMap { word in (0...word.count).map { Array(word[..<$0]) } })
        for prefix in beginnings {
            let state = try #require(automaton.advance(automaton.start, prefix))
            let allowed = mask.allowed(state)
            let expected = spellings.indices.filter {
                !spellings[$0].isEmpty && beginnings.contains(prefix + spellings[$0])
            }
            #expect(allowed.tokens == expected.map(Int32.init), "\(grammar) \(prefix)", sourceLocation: sourceLocation)
            #expect(
                allowed.states == expected.map { automaton.advance(state, spellings[$0]) },
                sourceLocation: sourceLocation)
            #expect(
                allowed.longest == expected.map { spellings[$0].count }.max() ?? 0, sourceLocation: sourceLocation)
        }
    }

    /// Tokens of one to four bytes, with duplicates, empty ones, and parts of one scalar.
    @Test func masksAgreeWithTheDefinition() throws {
        var generator = SeededGenerator(seed: 3)
        let alphabet = Array("ab0123é".utf8)
        for (grammar, language) in Grammar.sample(60, seed: 4) {
            let spellings = (0..<80).map { _ in
                (0..<generator.uniform(below: 5)).map { _ in alphabet[generator.uniform(below: alphabet.count)] }
            }
            try expectMask(grammar, language, spellings + spellings[..<10])
        }
    }

    private static let row = Grammar.sequence([
        .literal(" Aa="), .integer(0...24), .literal(" Ab="), .integer(0...3), .literal("\n"),
    ])

    private func texts(_ spellings: [String]) -> [[UInt8]] { spellings.map { Array($0.utf8) } }

    @Test(
        arguments: [
            (0...24).map { "\($0)" } + [" Aa", " Ab", "=", "\n"],
            (0...24).map { " \($0)" } + (0...24).map { "\($0) Ab" } + [
                " Aa=", "Ab", " ", "=2", "=0", "A", "a", "b", "=", "\n",
            ]
                + (0...9).map { "\($0)" },
            "0123456789 Aab=\n".map { "\($0)" },
        ])
    func rowsAreWrittenInAnyVocabulary(_ vocabulary: [String]) throws {
        let language = try #require(Self.row.language())
        try expectMask(Self.row, language, texts(vocabulary))
        // From start to end by allowed tokens.
        var generator = SeededGenerator(seed: 5)
        let automaton = try GrammarAutomaton(Self.row)
        let mask = TokenMask(automaton, TokenVocabulary(spellings: texts(vocabulary)))
        for _ in 0..<50 {
            var (state, text) = (automaton.start, "")
            while !automaton.isFinal(state) {
                let allowed = mask.allowed(state)
                let index = generator.uniform(below: try #require(allowed.tokens.isEmpty ? nil : allowed.tokens.count))
                text += vocabulary[Int(allowed.tokens[index])]
                state = allowed.states[index]
            }
            #expect(language.contains(Array(text.utf8)))
        }
    }

    @Test func fewestTokensAreFound() {
        let vocabulary = TokenVocabulary(spellings: texts(["a", "b", "ab", "abc", "cd", "", "ab"]))
        #expect(vocabulary.fewestTokens(Array("abcd".utf8)) == [2, 4])
        #expect(vocabulary.fewestTokens(Array("aabc".utf8)) == [0, 3])
        #expect(vocabulary.fewestTokens(Array("abd".utf8)) == nil)
        #expect(vocabulary.fewestTokens([]) == [])
    }
}

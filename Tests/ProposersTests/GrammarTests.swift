import Search
import Testing

@testable import Proposers

struct GrammarTests {
    /// Every text that the automaton accepts, with the state of every live prefix.
    private func walk(_ automaton: GrammarAutomaton) -> (words: Set<[UInt8]>, prefixes: [[UInt8]: Int]) {
        var (words, prefixes): (Set<[UInt8]>, [[UInt8]: Int]) = ([], [:])
        var open: [([UInt8], Int)] = [([], automaton.start)]
        while let (text, state) = open.popLast() {
            prefixes[text] = state
            if automaton.isAccepting(state) { words.insert(text) }
            for byte in 0...UInt8.max {
                if let next = automaton.advance(state, byte) { open.append((text + [byte], next)) }
            }
        }
        return (words, prefixes)
    }

    @Test func automataAcceptExactlyTheLanguage() throws {
        for (grammar, language) in Grammar.sample(300, seed: 1) {
            let automaton = try GrammarAutomaton(grammar)
            let (words, prefixes) = walk(automaton)
            #expect(words == language, "\(grammar)")
            // No dead ends: each live prefix begins a text.
            let beginnings = Set(language.flatMap { word in (0...word.count).map { Array(word[..<$0]) } })
            #expect(Set(prefixes.keys) == beginnings, "\(grammar)")
        }
    }

    @Test func forcedBytesAreTheOnlyWayOn() throws {
        for (grammar, language) in Grammar.sample(100, seed: 2) {
            let automaton = try GrammarAutomaton(grammar)
            for (prefix, state) in walk(automaton).prefixes {
                let rest = language.filter { $0.starts(with: prefix) }.map { $0[prefix.count...] }
                var forced: [UInt8] = []
                while true {
                    let tails = rest.filter { $0.starts(with: forced) }.map { $0.dropFirst(forced.count) }
                    guard let first = tails.first?.first, tails.allSatisfy({ $0.first == first }) else { break }
                    forced.append(first)
                }
                #expect(automaton.forced(state) == forced, "\(grammar) \(prefix)")
                #expect(automaton.isFinal(state) == (rest.allSatisfy(\.isEmpty)), "\(grammar) \(prefix)")
            }
        }
    }

    @Test(arguments: [
        0...0, 0...3, 0...24, 7...7, 9...10, 5...105, 99...1000, 123...4567, -5...12, 1000...1001, 340...349,
    ])
    func integersHaveNoSignAndNoLeadingZeros(_ range: ClosedRange<Int>) throws {
        let automaton = try GrammarAutomaton(.integer(range))
        func accepts(_ text: String) -> Bool {
            automaton.advance(automaton.start, text.utf8).map(automaton.isAccepting) ?? false
        }
        for number in 0...5000 { #expect(accepts("\(number)") == range.contains(number)) }
        for text in ["", "-1", "+1", "00", "01", "007", " 7", "7 ", "1e1"] { #expect(!accepts(text)) }
    }

    @Test func theLargestIntegersFit() throws {
        let automaton = try GrammarAutomaton(.integer(17...Int.max))
        #expect(automaton.advance(0, "\(Int.max)".utf8).map(automaton.isAccepting) == true)
        #expect(automaton.advance(0, "\(UInt(Int.max) + 1)".utf8) == nil)
        #expect(automaton.advance(0, "16".utf8).map(automaton.isAccepting) == false)
    }

    @Test func emptyAndOversizedGrammarsAreErrors() {
        let nested = (0..<100).reduce(Grammar.literal("a")) { grammar, _ in .optional(grammar) }
        let huge = Grammar.repeated(.repeated(.literal("abc"), upTo: 10_000), upTo: 10_000)
        for grammar in [.choice([]), .integer(-4 ... -1), .sequence([.literal("a"), .choice([])]), nested, huge] {
            let error = #expect(throws: ProposerError.self) { try GrammarAutomaton(grammar) }
            #expect(error?.code == .badGrammar)
        }
    }

    /// A row of values is some states a value, however many values it has.
    @Test func rowsStaySmall() throws {
        let automaton = try GrammarAutomaton(
            .sequence((0..<200).flatMap { [.literal(" A\($0)="), .integer(0...($0 % 2 == 0 ? 3 : 24))] }))
        var state = automaton.start
        for index in 0..<200 {
            #expect(automaton.forced(state) == Array(" A\(index)=".utf8) || index > 0)
            state = try #require(automaton.advance(state, " A\(index)=\(index % 4)".utf8))
        }
        #expect(automaton.isAccepting(state))
        #expect(automaton.count < 200 * 12)
    }
}

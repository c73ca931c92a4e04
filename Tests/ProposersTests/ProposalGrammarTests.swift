import Search
import Testing

@testable import Proposers

struct ProposalGrammarTests {
    private static let labels = ["Aa", "Ab", "Ac", "Ad", "Ae", "Af"]

    private static func grammar() throws -> ProposalGrammar {
        ProposalGrammar(labels: labels, genes: try smallSpace().genes)
    }

    /// A random text of a grammar.
    private static func word(_ grammar: Grammar, _ generator: inout SeededGenerator) -> String {
        switch grammar {
        case .literal(let text): return text
        case .integer(let range): return "\(range.lowerBound + generator.uniform(below: range.count))"
        case .choice(let parts): return word(parts[generator.uniform(below: parts.count)], &generator)
        case .sequence(let parts): return parts.reduce("") { $0 + word($1, &generator) }
        case .optional(let part): return generator.uniform(below: 2) == 0 ? "" : word(part, &generator)
        case .repeated(let part, let count):
            return (0..<generator.uniform(below: count + 1)).reduce("") { text, _ in text + word(part, &generator) }
        }
    }

    private static func row(_ values: [Int]) -> String { zip(labels, values).map { " \($0)=\($1)" }.joined() + "\n" }

    @Test func rowsAreReadAsTheyAreWritten() throws {
        let grammar = try Self.grammar()
        var generator = SeededGenerator(seed: 1)
        var values = Set<[Int]>()
        for _ in 0..<500 {
            let text = Self.word(grammar.row, &generator)
            let row = try #require(grammar.row(in: text))
            #expect(Self.row(row) == text)
            #expect(zip(row, grammar.genes).allSatisfy { (0...$1.top).contains($0) })
            values.insert(row)
        }
        #expect(values.count > 300)
    }

    @Test(arguments: 2...9)
    func pairsAreReadAsTheyAreWritten(_ count: Int) throws {
        var generator = SeededGenerator(seed: 2)
        var pairs = Set<[Int]>()
        for _ in 0..<1000 {
            let text = Self.word(ProposalGrammar.pair(of: count), &generator)
            let pair = try #require(ProposalGrammar.pair(in: text, of: count))
            #expect(text == " \(pair.0 + 1) and \(pair.1 + 1)\n")
            pairs.insert([pair.0, pair.1])
        }
        #expect(pairs.count == count * (count - 1))
    }

    @Test func movesAreReadAsTheyAreWritten() throws {
        let grammar = try Self.grammar()
        let values = [0, 8, 3, 0, 1, 4]
        let moves = try #require(grammar.moves(from: values))
        var generator = SeededGenerator(seed: 3)
        var counts = Set<Int>()
        for _ in 0..<500 {
            let text = Self.word(moves, &generator)
            let read = try #require(grammar.moves(in: text))
            let written = read.map { " \(Self.labels[$0.from])-\($0.steps)>\(Self.labels[$0.to])" }
            #expect(written.joined(separator: ",") + "\n" == text)
            #expect(read.allSatisfy { values[$0.from] > 0 && values[$0.to] < grammar.genes[$0.to].top })
            #expect(read.allSatisfy { (1...4).contains($0.steps) })
            counts.insert(read.count)
        }
        #expect(counts == [1, 2, 3])
    }

    @Test func movesNeedAGiverAndATaker() throws {
        let grammar = try Self.grammar()
        #expect(grammar.moves(from: grammar.genes.map { _ in 0 }) == nil)
        #expect(grammar.moves(from: grammar.genes.map(\.top)) == nil)
    }

    @Test func otherTextsAreNotRead() throws {
        let grammar = try Self.grammar()
        let row = Self.row([0, 8, 3, 0, 1, 4])
        #expect(grammar.row(in: row) == [0, 8, 3, 0, 1, 4])
        for text in [
            "", "\n", " \n", String(row.dropLast()), String(row.dropFirst()), row + row, " " + row, row + "\n",
            row.replacing("\n", with: "\r\n"), row.replacing("Aa=0", with: "Aa=4"), row.replacing("=8", with: "=+8"),
            row.replacing("=8", with: "=08"), row.replacing("=8", with: "=-8"), row.replacing("=8", with: "=8.0"),
            row.replacing("=8", with: "=99999999999999999999"), row.replacing("=8", with: "="),
            row.replacing("=8", with: "=="), row.replacing("=8", with: "=8=8"), row.replacing("Ab", with: "Aa"),
            row.replacing("Ab", with: "ab"), row.replacing(" Ab=8", with: ""), row.replacing("=8", with: "=٨"),
            row.replacing(" ", with: "\t"), row.replacing(" ", with: "  "), row.replacing("Ab", with: "A\0b"),
        ] {
            #expect(grammar.row(in: text) == nil, "\(text.debugDescription)")
        }
        for text in [
            "", " 1 and 1\n", " 0 and 1\n", " 1 and 4\n", "1 and 2\n", " 1 and 2", " 1 2\n", " 1 and\n", " 1 or 2\n",
            " 1 and and 2\n", " one and two\n", " 01 and 2\n", " +1 and 2\n", " -1 and 2\n", " 1 and 2 and 3\n",
            " 99999999999999999999 and 1\n",
        ] {
            #expect(ProposalGrammar.pair(in: text, of: 3) == nil, "\(text.debugDescription)")
        }
        for text in [
            "", " \n", " Aa-1>Ab", "Aa-1>Ab\n", " Aa-0>Ab\n", " Aa-5>Ab\n", " Aa-+1>Ab\n", " Aa--1>Ab\n",
            " Aa 1 Ab\n", " Aa-1-Ab\n", " Aa>1>Ab\n", " Aa-1>Zz\n", " Zz-1>Aa\n", " Aa-1>\n", " -1>Aa\n",
            " Aa-1>Ab,\n", " ,Aa-1>Ab\n", " Aa-1>Ab,Ac-1>Ad\n", " Aa-1>Ab Ac-1>Ad\n", " Aa-1>Ab>Ac\n",
            " Aa-1>Ab, Aa-1>Ab, Aa-1>Ab, Aa-1>Ab\n", " Aa-01>Ab\n", " Aa-1>Ab\n\n",
        ] {
            #expect(grammar.moves(in: text) == nil, "\(text.debugDescription)")
        }
    }

    @Test func aSingleGeneHasAForm() throws {
        let space = try smallSpace(blocks: 1, granularity: .layer)
        let grammar = ProposalGrammar(labels: ["Aa"], genes: space.genes)
        #expect(grammar.row(in: " Aa=2\n") == [2])
        #expect(grammar.moves(from: [1]) != nil)
        #expect(ProposalGrammar.pair(in: " 1 and 2\n", of: 1) == nil)
    }
}

import Models
import Testing

@testable import Tasks

struct ChoiceLayoutTests {
    private static func layouts(_ questions: [[EncodedChoice]], capacity: Int) -> [ChoiceLayout] {
        var ranges: [Range<Int>] = []
        for choices in questions {
            let first = ranges.last?.upperBound ?? 0
            ranges.append(first..<first + choices.count)
        }
        return ChoiceLayout.layouts(ranges, of: Array(questions.joined()), capacity: capacity)
    }

    private func choice(_ tokens: [Int32], _ scored: Int = 1) -> EncodedChoice {
        EncodedChoice(tokens: tokens, scored: scored)
    }

    /// The tokens of the rows that predict each choice's scored tokens, in a batch with something before them.
    private static func runs(_ layout: ChoiceLayout, _ all: [EncodedChoice]) -> [Int: [Int32]] {
        var batch = TokenBatch([])
        batch.append([90, 91])
        var targets: [(choice: Int, row: Int)] = []
        layout.append(all, to: &batch) { choice, row, token in
            #expect(all[choice].tokens.contains(token))
            targets.append((choice, row))
        }
        // The row that predicts the first scored token is that of the context's last token, and so on.
        return targets.reduce(into: [:]) { $0[$1.choice, default: []].append(batch.tokens[$1.row]) }
    }

    /// Two questions on one passage, each with two answers of one token: the passage runs once.
    @Test func questionsThatBeginAlikeShareRows() throws {
        let passage = tokens(30, 1)
        let questions = [7, 9].map { seed in
            [1, 2].map { answer in choice(passage + tokens(5, seed) + [answer]) }
        }
        let layouts = Self.layouts(questions, capacity: 128)
        #expect(layouts.count == 1)
        let layout = try #require(layouts.first)
        #expect(layout.rows == 30 + 5 + 5 && layout.questions == 2)
        let all = Array(questions.joined())
        let found = Self.runs(layout, all)
        for (number, choice) in all.enumerated() { #expect(found[number] == [choice.tokens[34]]) }
    }

    @Test func littleInCommonIsNotShared() {
        let start = tokens(4, 1)
        let questions = [7, 9].map { seed in [choice(start + tokens(20, seed))] }
        #expect(Self.layouts(questions, capacity: 128).map(\.rows) == [23, 23])
        // Nor is what would not fit.
        let long = tokens(40, 2)
        let others = [7, 9].map { seed in [choice(long + tokens(20, seed))] }
        #expect(Self.layouts(others, capacity: 64).count == 2)
        #expect(Self.layouts(others, capacity: 128).map(\.rows) == [40 + 19 + 19])
    }

    /// A question with more rows than a batch is taken apart; each part has what it needs.
    @Test func longQuestionsAreTakenApart() {
        let context = tokens(30, 1)
        let question = (0..<9).map { choice(context + tokens(11, 20 + $0), 11) }
        let layouts = Self.layouts([question], capacity: 64)
        #expect(layouts.flatMap(\.choices).sorted() == Array(0..<9))
        #expect(layouts.allSatisfy { $0.rows <= 64 } && layouts.count == 3)
        #expect(layouts.reduce(0) { $0 + $1.questions } == 1)
        for layout in layouts {
            for (number, run) in Self.runs(layout, question) {
                #expect(run == Array(question[number].tokens.dropLast().suffix(11)))
            }
        }
        // One choice alone may be longer than a batch.
        #expect(Self.layouts([[choice(tokens(100, 3))]], capacity: 64).map(\.rows) == [99])
    }

    /// Every scored token is predicted by the row of the token before it, whatever is shared.
    @Test func everyTokenHasItsRow() throws {
        let stem = tokens(12, 4)
        let choices = [
            choice(stem + tokens(6, 1), 9), choice(stem + tokens(3, 2), 3), choice(stem + tokens(7, 2), 10),
            choice(Array(stem.prefix(9)), 4), choice(tokens(5, 8), 4), choice(stem + tokens(6, 1), 2),
        ]
        let layouts = Self.layouts([choices], capacity: 512)
        #expect(layouts.count == 1)
        let found = Self.runs(try #require(layouts.first), choices)
        for (number, choice) in choices.enumerated() {
            #expect(found[number] == Array(choice.tokens.dropLast().suffix(choice.scored)), "choice \(number)")
        }
    }

    @Test func questionsWithoutChoices() {
        #expect(Self.layouts([[], []], capacity: 64).isEmpty)
        #expect(Self.layouts([], capacity: 64).isEmpty)
    }
}

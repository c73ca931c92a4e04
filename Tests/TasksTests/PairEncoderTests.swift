import Testing
import Tokenization

@testable import Tasks

struct PairEncoderTests {
    private func plain(_ tokenizer: Tokenizer, _ text: String) -> [Int32] {
        tokenizer.encode(text, addingSpecialTokens: false)
    }

    @Test func continuationIsWhatTheWholeHasMore() throws {
        let tokenizer = try tinyTokenizer()
        let encoder = PairEncoder(tokenizer, maximumPositions: 100, addsSpecialTokens: false)
        let pair = try encoder.encode("the cat", " sat on the mat")
        #expect(pair.tokens == plain(tokenizer, "the cat sat on the mat"))
        #expect(pair.scored == pair.tokens.count - plain(tokenizer, "the cat").count)
        #expect(!pair.isTruncated)
    }

    /// White space of every kind at the end of the context goes to the continuation.
    @Test(arguments: [" ", "\n", "  ", " \n"])
    func trailingSpaceMoves(_ space: String) throws {
        let tokenizer = try tinyTokenizer()
        let encoder = PairEncoder(tokenizer, maximumPositions: 100, addsSpecialTokens: false)
        let moved = try encoder.encode("the cat" + space, "sat")
        let other = try encoder.encode("the cat", space + "sat")
        #expect(moved == other)
        #expect(moved.scored == moved.tokens.count - plain(tokenizer, "the cat").count)
    }

    /// Where a token crosses the border, the context keeps its own tokens, and the continuation what the whole has
    /// behind as many.
    @Test func tokensThatCrossTheBorder() throws {
        let tokenizer = try tinyTokenizer()
        let encoder = PairEncoder(tokenizer, maximumPositions: 100, addsSpecialTokens: false)
        let whole = plain(tokenizer, "t in a mat")
        let context = plain(tokenizer, "t i")
        #expect(!whole.starts(with: context))
        let pair = try encoder.encode("t i", "n a mat")
        #expect(pair.tokens == context + whole.dropFirst(context.count))
        #expect(pair.scored == whole.count - context.count)
        #expect(throws: TaskError.self) { _ = try encoder.encode("th", "e") }
    }

    /// An empty context is the token that begins a text.
    @Test(arguments: ["", " ", "\n"])
    func emptyContext(_ context: String) throws {
        let tokenizer = try tinyTokenizer()
        let encoder = PairEncoder(tokenizer, maximumPositions: 100, addsSpecialTokens: false)
        let pair = try encoder.encode(context, "sat")
        #expect(pair.tokens == [1] + plain(tokenizer, context + "sat"))
        #expect(pair.scored == pair.tokens.count - 1)
    }

    /// As the harness leaves it to the tokenizer; a text that begins with that token gets no second one.
    @Test func specialTokens() throws {
        let tokenizer = try tinyTokenizer()
        let encoder = PairEncoder(tokenizer, maximumPositions: 100)
        for context in ["the cat", "<s>the cat"] {
            let pair = try encoder.encode(context, " sat")
            #expect(pair.tokens == [1] + plain(tokenizer, "the cat sat"))
            #expect(pair.scored == plain(tokenizer, " sat").count)
        }
        #expect(try encoder.encode("", "sat").tokens == [1] + plain(tokenizer, "sat"))
    }

    /// The last token is scored without being run, so one more than the positions is kept.
    @Test func longContextsLoseTheirBeginning() throws {
        let tokenizer = try tinyTokenizer()
        let whole = plain(tokenizer, "the cat sat on the mat again")
        let scored = plain(tokenizer, " again").count
        for positions in scored..<whole.count + 2 {
            let pair = try PairEncoder(tokenizer, maximumPositions: positions, addsSpecialTokens: false)
                .encode("the cat sat on the mat", " again")
            #expect(pair.tokens == Array(whole.suffix(positions + 1)) && pair.scored == scored)
            #expect(pair.isTruncated == (whole.count > positions + 1))
        }
        #expect(throws: TaskError.self) {
            _ = try PairEncoder(tokenizer, maximumPositions: scored - 1, addsSpecialTokens: false)
                .encode("the cat", " again")
        }
    }

    @Test func errorsNameTheLine() throws {
        let encoder = PairEncoder(try tinyTokenizer(), maximumPositions: 3, addsSpecialTokens: false)
        let item = TaskItem(
            line: 7, choices: [TaskItem.Choice(context: "a", continuation: " water again", length: 11)], gold: 0)
        let error = #expect(throws: TaskError.self) { _ = try encoder.encode(item, file: "some.jsonl") }
        #expect(error?.code == .notScorable && error?.line == 7)
        #expect(error?.description.hasPrefix("some.jsonl, line 7: ") == true)
    }

    @Test func choicesOfOneContextShareIt() throws {
        let tokenizer = try tinyTokenizer()
        let encoder = PairEncoder(tokenizer, maximumPositions: 100, addsSpecialTokens: false)
        let item = TaskItem(
            line: 1,
            choices: [("the cat", " sat"), ("the cat", " on"), ("the mat ", "on")].map {
                TaskItem.Choice(context: $0, continuation: $1, length: 1)
            }, gold: 0)
        let expected = try item.choices.map { try encoder.encode($0.context, $0.continuation) }
        #expect(try encoder.encode(item, file: "") == expected)
    }
}

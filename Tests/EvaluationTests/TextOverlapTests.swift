import Testing

@testable import Evaluation

struct TextOverlapTests {
    /// Tokens without repetition, so that the only shared run is the one put there.
    private func tokens(_ count: Int, from first: Int32) -> [Int32] { (0..<Int32(count)).map { first + $0 } }

    /// A run of `length` shared tokens at the given offsets.
    private func find(_ length: Int, _ a: Int, _ b: Int, after: Int = 50) -> (first: Int, second: Int)? {
        let shared = tokens(length, from: 1_000_000)
        return TextOverlap.find(
            tokens(a, from: 0) + shared + tokens(after, from: 10_000),
            tokens(b, from: 20_000) + shared + tokens(after, from: 30_000))
    }

    @Test(arguments: [0, 1, 31, 32, 33, 63, 64, 65, 200]) func `finds the shortest run at any offset`(offset: Int)
        throws
    {
        for other in [0, 17, 64] {
            for length in [TextOverlap.runLength, TextOverlap.runLength + 1, 300] {
                let found = try #require(find(length, offset, other))
                #expect(found == (offset, other))
            }
        }
    }

    @Test(arguments: [0, 1, 31, 32, 33, 63, 64, 65, 200]) func `lets a shorter run pass`(offset: Int) {
        for other in [0, 17, 64] { #expect(find(TextOverlap.runLength - 1, offset, other) == nil) }
    }

    @Test func `finds a run at the end of both`() throws {
        let found = try #require(find(TextOverlap.runLength, 100, 3, after: 0))
        #expect(found == (100, 3))
    }

    @Test func `texts shorter than a run share none`() {
        let text = tokens(TextOverlap.runLength - 1, from: 0)
        #expect(TextOverlap.find(text, text) == nil)
        #expect(TextOverlap.find([], tokens(1000, from: 0)) == nil)
        #expect(TextOverlap.find(tokens(1000, from: 0), []) == nil)
    }

    @Test func `a text overlaps itself`() throws {
        let text = tokens(500, from: 0)
        #expect(try #require(TextOverlap.find(text, text)) == (0, 0))
    }

    /// Empty lines, zeros of a table.
    @Test func `rows of one token are no copy`() throws {
        let row = [Int32](repeating: 5, count: 300)
        #expect(TextOverlap.find(tokens(40, from: 0) + row, tokens(50, from: 1000) + row) == nil)
        let shared = row + tokens(TextOverlap.runLength, from: 2000)
        #expect(TextOverlap.find(tokens(40, from: 0) + shared, tokens(50, from: 1000) + shared) != nil)
    }

    @Test func `two runs that do not touch are not one`() {
        let (first, second) = (tokens(40, from: 1000), tokens(40, from: 2000))
        #expect(TextOverlap.find(first + [1] + second, first + [2] + second) == nil)
    }

    @Test func `negative and extreme tokens`() throws {
        let text = [Int32.min, .max, -1, 0] + tokens(TextOverlap.runLength, from: -32)
        #expect(try #require(TextOverlap.find(text, [7] + text)) == (0, 1))
    }
}

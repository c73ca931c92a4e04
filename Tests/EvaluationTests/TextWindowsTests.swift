import Evaluation
import Testing

struct TextWindowsTests {
    private func windows(
        _ count: Int32, _ length: Int, maximum: Int? = nil, begin: Int32? = nil
    ) -> [[Int32]] {
        TextWindows(Array(0..<count), length: length, maximumTokens: maximum, beginOfText: begin).windows
    }

    @Test func neighboursWithoutTheIncompleteLast() {
        #expect(windows(10, 4) == [[0, 1, 2, 3], [4, 5, 6, 7]])
        #expect(windows(8, 4) == [[0, 1, 2, 3], [4, 5, 6, 7]])
        #expect(windows(7, 4) == [[0, 1, 2, 3]])
        #expect(windows(4, 4) == [[0, 1, 2, 3]])
    }

    @Test func shortTextIsOneShortWindow() {
        #expect(windows(3, 4) == [[0, 1, 2]])
        #expect(windows(2, 4) == [[0, 1]])
    }

    @Test func beginOfTextTakesOnePlace() {
        #expect(windows(7, 4, begin: 99) == [[99, 0, 1, 2], [99, 3, 4, 5]])
        #expect(windows(2, 4, begin: 99) == [[99, 0, 1]])
        #expect(windows(3, 2, begin: 99) == [[99, 0], [99, 1], [99, 2]])
    }

    @Test func maximumCutsTheStream() {
        #expect(windows(100, 4, maximum: 9) == [[0, 1, 2, 3], [4, 5, 6, 7]])
        #expect(windows(100, 4, maximum: 8) == [[0, 1, 2, 3], [4, 5, 6, 7]])
        #expect(windows(100, 4, maximum: 3) == [[0, 1, 2]])
        #expect(windows(6, 4, maximum: 1000) == [[0, 1, 2, 3]])
        #expect(windows(100, 4, maximum: 6, begin: 99) == [[99, 0, 1, 2], [99, 3, 4, 5]])
    }

    /// A window that predicts nothing is none.
    @Test func nothingToPredictIsNoWindow() {
        #expect(windows(0, 4).isEmpty)
        #expect(windows(1, 4).isEmpty)
        #expect(windows(1, 4, begin: 99) == [[99, 0]])
        #expect(windows(0, 4, begin: 99).isEmpty)
        #expect(windows(10, 4, maximum: 0).isEmpty)
        #expect(windows(10, 4, maximum: -1, begin: 99).isEmpty)
        #expect(windows(10, 4, maximum: .min).isEmpty)
        for length in [Int.min, -1, 0, 1] {
            #expect(windows(10, length).isEmpty)
            #expect(windows(10, length, begin: 99).isEmpty)
        }
        #expect(windows(3, .max) == [[0, 1, 2]])
    }
}

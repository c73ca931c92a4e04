import Testing

@testable import Tasks

struct TextDiversityTests {
    /// Counted by hand.
    @Test func nGramsOfAllTextsTogether() throws {
        // Words: 4 + 3, of which a b c d x differ; pairs: ab bc cd | ab bx; triples: abc bcd | abx.
        let diversity = TextDiversity(["a b\tc\u{A0}d", "  a b\n\nx "])
        #expect(diversity.texts == 2 && diversity.words == 7)
        let expected: [Double?] = [5.0 / 7, 0.8, 1]
        #expect(diversity.distinct == expected)
        // Only the first text has a 4-gram.
        #expect(diversity.repetitionRate == 0)
    }

    /// seq-rep-4 of each text, then the mean.
    @Test(
        arguments: [
            (["a b a b a b a b"], 1 - 2.0 / 5), (["one two three four five"], 0), (["x x x x x x x x x x x x x"], 0.9),
            (["a b a b a b a b", "no no", "one two three four five"], 0.3),
        ] as [([String], Double)])
    func repetitionRate(_ texts: [String], _ expected: Double) throws {
        let rate = try #require(TextDiversity(texts).repetitionRate)
        #expect(abs(rate - expected) < 1e-12)
    }

    @Test func nothingToCount() {
        let nothing = TextDiversity([])
        #expect(nothing.texts == 0 && nothing.words == 0)
        #expect(nothing.distinct.allSatisfy { $0 == nil })
        #expect(nothing.repetitionRate == nil)
        let blank = TextDiversity(["", " \n", "one two"])
        #expect(blank.texts == 3 && blank.words == 2)
        let expected: [Double?] = [1, 1, nil]
        #expect(blank.distinct == expected)
        #expect(blank.repetitionRate == nil)
    }

    /// Capitals, signs and canonically equal letters are told apart, as in Python.
    @Test func wordsAreThoseOfPython() {
        #expect(TextDiversity(["The the the. \u{E9} e\u{301}"]).distinct[0] == 1)
        let expected: [Double?] = [0.25, 1.0 / 3, 0.5]
        #expect(TextDiversity(["la la la la"]).distinct == expected)
    }
}

/// How varied texts are that a model made, counted in words: what lies between white space (Python's `str.split`), so that
/// models with different tokenizers can be compared.
package struct TextDiversity: Sendable, Equatable {
    package private(set) var texts = 0
    package private(set) var words = 0
    /// distinct-1, -2 and -3 (Li et al. 2016, arXiv 1510.03055): n-grams that differ, over all n-grams, of all texts
    /// together; 1 where nothing is said twice. No n-gram goes from one text into the next. `nil` where there is none.
    /// (The paper divides by words in place of n-grams, so that short texts without any repetition score less.)
    package private(set) var distinct: [Double?]
    /// seq-rep-4 (Welleck et al. 2020, arXiv 1908.04319): 1 − (4-grams that differ / all 4-grams) of each text, as a mean
    /// over the texts that have a 4-gram; 0 where no text repeats itself. `nil` where no text has one.
    package private(set) var repetitionRate: Double?

    /// Lengths that distinct-n is counted for.
    private static let lengths = 1...3
    private static let repeated = 4

    package init(_ texts: [String]) {
        var numbers: [ArraySlice<Unicode.Scalar>: Int] = [:]
        var seen = Self.lengths.map { _ in Set<ArraySlice<Int>>() }
        var totals = Self.lengths.map { _ in 0 }
        var (rates, rated) = (0.0, 0)
        for text in texts {
            let words = PythonText(text).words.map { word in
                let number = numbers[word] ?? numbers.count
                numbers[word] = number
                return number
            }
            self.texts += 1
            self.words += words.count
            for (index, length) in Self.lengths.enumerated() {
                for gram in Self.grams(words, length) {
                    seen[index].insert(gram)
                    totals[index] += 1
                }
            }
            let grams = Self.grams(words, Self.repeated)
            guard !grams.isEmpty else { continue }
            rates += 1 - Double(Set(grams).count) / Double(grams.count)
            rated += 1
        }
        distinct = zip(seen, totals).map { $1 == 0 ? nil : Double($0.count) / Double($1) }
        repetitionRate = rated == 0 ? nil : rates / Double(rated)
    }

    private static func grams(_ words: [Int], _ length: Int) -> [ArraySlice<Int>] {
        guard words.count >= length else { return [] }
        return (0...words.count - length).map { words[$0..<$0 + length] }
    }
}

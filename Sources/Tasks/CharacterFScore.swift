/// chrF2 of a corpus (Popović 2015, aclanthology.org/W15-3049) with sacreBLEU's default signature: n-grams of up to six
/// characters without white space, no words, recall twice as important as precision.
package struct CharacterFScore: Sendable, Equatable, Codable {
    /// sacreBLEU's signature, but for its version.
    package static func signature(references: Int) -> String {
        "nrefs:\(references)|case:mixed|eff:yes|nc:6|nw:0|space:no"
    }

    private static let order = 6
    private static let factor = 4.0  // β²

    /// In per cent.
    package let score: Double

    /// - Parameter references: one or more of each hypothesis, of which the one that scores best counts.
    /// - Throws: `TaskError`: `noItems`, `badReferences`.
    package init(_ hypotheses: [String], _ references: [[String]]) throws(TaskError) {
        try References.check(hypotheses, references)
        var total = [Counts](repeating: Counts(), count: Self.order)
        for (hypothesis, references) in zip(hypotheses, references) {
            let grams = Self.grams(hypothesis)
            var best: (score: Double, counts: [Counts])?
            for reference in references {
                let counts = zip(grams, Self.grams(reference)).map { Counts($0, $1) }
                let score = Self.score(counts)
                if score > best?.score ?? -1 { best = (score, counts) }
            }
            for (size, counts) in (best?.counts ?? []).enumerated() { total[size].add(counts) }
        }
        score = Self.score(total)
    }

    /// n-grams of one length.
    private struct Counts {
        var hypothesis = 0
        var reference = 0
        var matches = 0

        init() {}

        init(_ hypothesis: Grams, _ reference: Grams) {
            self.reference = reference.values.reduce(0, +)
            for (gram, count) in hypothesis { matches += min(count, reference[gram] ?? 0) }
            // Those of a length that the reference does not have do not count.
            self.hypothesis = reference.isEmpty ? 0 : hypothesis.values.reduce(0, +)
        }

        mutating func add(_ other: Counts) {
            hypothesis += other.hypothesis
            reference += other.reference
            matches += other.matches
        }
    }

    private typealias Grams = [ArraySlice<Unicode.Scalar>: Int]

    private static func grams(_ text: String) -> [Grams] {
        let characters = PythonText(text).filter { !$0.isPythonSpace }
        return (1...order).map { size in
            var counts: Grams = [:]
            guard characters.count >= size else { return counts }
            for start in 0...characters.count - size { counts[characters[start..<start + size], default: 0] += 1 }
            return counts
        }
    }

    /// The F-score of the mean precision and the mean recall of the lengths that both have.
    private static func score(_ counts: [Counts]) -> Double {
        var (precision, recall, lengths) = (0.0, 0.0, 0.0)
        for count in counts where count.hypothesis > 0 && count.reference > 0 {
            precision += Double(count.matches) / Double(count.hypothesis)
            recall += Double(count.matches) / Double(count.reference)
            lengths += 1
        }
        guard precision + recall > 0 else { return 0 }
        precision /= lengths
        recall /= lengths
        return 100 * (1 + factor) * precision * recall / (factor * precision + recall)
    }
}

import Foundation

/// BLEU of a corpus (Papineni et al. 2002, aclanthology.org/P02-1040) with sacreBLEU's default signature
/// (Post 2018, arXiv 1804.08771): case as it is, tokeniser 13a, n-grams of up to four words, exponential smoothing.
package struct BLEU: Sendable, Equatable, Codable {
    /// sacreBLEU's signature, but for its version.
    package static func signature(references: Int) -> String {
        "nrefs:\(references)|case:mixed|eff:no|tok:13a|smooth:exp"
    }

    private static let order = 4

    /// In per cent.
    package private(set) var score = 0.0
    /// Of n-grams of one to four words, smoothed, in per cent.
    package private(set) var precisions: [Double]
    package private(set) var brevityPenalty: Double
    /// Words of all hypotheses, and of the reference that is closest in length to each.
    package private(set) var hypothesisLength = 0
    package private(set) var referenceLength = 0
    /// n-grams of one to four words: those that are in a reference too, and all.
    package private(set) var matches = [Int](repeating: 0, count: BLEU.order)
    package private(set) var totals = [Int](repeating: 0, count: BLEU.order)

    /// - Parameter references: one or more of each hypothesis. An empty text is a reference, too.
    /// - Throws: `TaskError`: `noItems`, `badReferences`.
    package init(_ hypotheses: [String], _ references: [[String]]) throws(TaskError) {
        try References.check(hypotheses, references)
        precisions = [Double](repeating: 0, count: Self.order)
        brevityPenalty = 1
        for (hypothesis, references) in zip(hypotheses, references) { add(hypothesis, references) }
        finish()
    }

    private mutating func add(_ hypothesis: String, _ references: [String]) {
        var numbers: [ArraySlice<Unicode.Scalar>: Int] = [:]
        func words(_ text: String) -> [Int] {
            Tokenizer13a.split(Array(PythonText(text).withoutTrailingSpace)).map { word in
                let number = numbers[word] ?? numbers.count
                numbers[word] = number
                return number
            }
        }
        let hypothesis = words(hypothesis)
        let references = references.map { words($0) }
        hypothesisLength += hypothesis.count
        let closest = references.map(\.count).min {
            (abs($0 - hypothesis.count), $0) < (abs($1 - hypothesis.count), $1)
        }
        referenceLength += closest ?? 0
        for size in 1...Self.order {
            let known = references.map { Self.counts($0, size) }
            for (gram, count) in Self.counts(hypothesis, size) {
                totals[size - 1] += count
                matches[size - 1] += min(count, known.reduce(0) { max($0, $1[gram] ?? 0) })
            }
        }
    }

    private static func counts(_ words: [Int], _ size: Int) -> [ArraySlice<Int>: Int] {
        var counts: [ArraySlice<Int>: Int] = [:]
        guard words.count >= size else { return counts }
        for start in 0...words.count - size { counts[words[start..<start + size], default: 0] += 1 }
        return counts
    }

    private mutating func finish() {
        if hypothesisLength < referenceLength {
            brevityPenalty =
                hypothesisLength > 0 ? exp(1 - Double(referenceLength) / Double(hypothesisLength)) : 0
        }
        guard matches.contains(where: { $0 > 0 }) else { return }
        var smoothing = 1.0
        for size in 0..<Self.order {
            // What has no n-grams of a length at all has a score of zero.
            guard totals[size] > 0 else { return }
            if matches[size] == 0 {
                smoothing *= 2
                precisions[size] = 100 / (smoothing * Double(totals[size]))
            } else {
                precisions[size] = 100 * Double(matches[size]) / Double(totals[size])
            }
        }
        score = brevityPenalty * exp(precisions.reduce(0) { $0 + log($1) } / Double(Self.order))
    }
}

/// The references of hypotheses, as sacreBLEU takes them.
enum References {
    /// - Throws: `TaskError`: `noItems`, `badReferences`.
    static func check(_ hypotheses: [String], _ references: [[String]]) throws(TaskError) {
        guard !hypotheses.isEmpty else { throw TaskError(.noItems, "There is no translation to score") }
        guard hypotheses.count == references.count else {
            throw TaskError(
                .badReferences, "\(hypotheses.count) translations have references for \(references.count)")
        }
        if let number = references.firstIndex(where: \.isEmpty) {
            throw TaskError(.badReferences, "Translation \(number + 1) has no reference")
        }
    }
}

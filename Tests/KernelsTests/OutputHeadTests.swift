import RealModule
import Testing

@testable import Kernels

struct OutputHeadTests {
    let vocabulary = 2500
    let width = 32
    let rows = 150

    private func make(_ precision: Precision) throws -> (head: OutputHead, hidden: AlignedBuffer, logits: [Double]) {
        var values = Values(11)
        let weightBuffer = stored(values.array(vocabulary * width), precision)
        let weights = loaded(weightBuffer, vocabulary * width, precision)
        let hidden = stored(values.array(rows * width).map { $0 * 2 }, precision)
        let head = OutputHead(
            try OutputHead.Weights(weights, vocabularySize: vocabulary, width: width, precision: precision))
        let logits = referenceProduct(
            loaded(hidden, rows * width, precision), weights, m: rows, n: vocabulary, k: width)
        return (head, hidden, logits)
    }

    private func logProbabilities(_ logits: [Double], row: Int) -> [Double] {
        let slice = logits[row * vocabulary..<(row + 1) * vocabulary]
        let peak = slice.max()!
        let logSum = peak + Double.log(slice.reduce(0.0) { $0 + Double.exp($1 - peak) })
        return slice.map { $0 - logSum }
    }

    @Test(arguments: Precision.supported)
    func logitsEqualDoubleReference(_ precision: Precision) throws {
        let (head, hidden, reference) = try make(precision)
        let output = AlignedBuffer(floats: rows * vocabulary)
        try head.logits(hidden.address, rows: rows, into: output.floats)
        #expect(largestDifference(output.array(rows * vocabulary), reference) < 2e-5)
        let single = AlignedBuffer(floats: vocabulary)
        try head.logits(hidden.address + 3 * width * precision.byteCount, rows: 1, into: single.floats)
        #expect(largestDifference(single.array(vocabulary), Array(reference[3 * vocabulary..<4 * vocabulary])) < 2e-5)
    }

    @Test(arguments: Precision.supported)
    func crossEntropyEqualsDoubleReference(_ precision: Precision) throws {
        let (head, hidden, logits) = try make(precision)
        let targets = (0..<rows).map { Int32($0 * 7919 % vocabulary) }
        let scores = try head.negativeLogLikelihoods(hidden.address, targets: targets)
        let reference = (0..<rows).map { -logProbabilities(logits, row: $0)[Int(targets[$0])] }
        #expect(largestDifference(scores, reference) < 2e-5)
    }

    @Test func topTokensAreTheLargestAndSorted() throws {
        let (head, hidden, logits) = try make(.float32)
        let top = try head.topLogProbabilities(hidden.address, rows: rows, count: 20)
        #expect(top.positions == rows)
        for row in 0..<rows {
            let all = logProbabilities(logits, row: row)
            let expected = all.indices.sorted { all[$0] > all[$1] }[..<20].sorted()
            #expect(top.tokens[row * 20..<(row + 1) * 20].map(Int.init) == expected)
            for position in row * 20..<(row + 1) * 20 {
                #expect(abs(Double(top.logProbabilities[position]) - all[Int(top.tokens[position])]) < 2e-5)
            }
        }
    }

    /// With all tokens kept the divergence is exact; the model itself diverges by nothing.
    @Test func divergenceEqualsDoubleReference() throws {
        let (head, hidden, logits) = try make(.float32)
        var values = Values(77)
        let other = stored(loaded(hidden, rows * width, .float32).map { $0 + 0.3 * values.next() }, .float32)
        let dense = try head.topLogProbabilities(hidden.address, rows: rows, count: vocabulary)
        let itself = try head.divergences(hidden.address, rows: rows, from: dense)
        #expect(itself.allSatisfy { abs($0) < 1e-5 })
        let divergences = try head.divergences(other.address, rows: rows, from: dense)
        let otherLogits = AlignedBuffer(floats: rows * vocabulary)
        try head.logits(other.address, rows: rows, into: otherLogits.floats)
        let otherReference = otherLogits.array(rows * vocabulary).map(Double.init)
        for row in 0..<rows {
            let (p, q) = (logProbabilities(logits, row: row), logProbabilities(otherReference, row: row))
            let reference = zip(p, q).reduce(0.0) { $0 + Double.exp($1.0) * ($1.0 - $1.1) }
            #expect(abs(Double(divergences[row]) - reference) < 3e-5)
        }
        let few = try head.divergences(
            other.address, rows: rows, from: try head.topLogProbabilities(hidden.address, rows: rows, count: 64))
        for (bound, whole) in zip(few, divergences) { #expect(bound > 0 && bound < whole + 1e-5) }
    }
}

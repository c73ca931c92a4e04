import RealModule
import Testing

@testable import Kernels

struct CausalAttentionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var (queries, first, queryHeads, keyValueHeads): (Int, Int, Int, Int)
        var testDescription: String { "\(queries) queries from \(first), \(queryHeads)/\(keyValueHeads) heads" }
    }

    static let cases = [
        Case(queries: 1, first: 0, queryHeads: 2, keyValueHeads: 2),
        Case(queries: 1, first: 200, queryHeads: 6, keyValueHeads: 2),
        Case(queries: 1, first: 127, queryHeads: 8, keyValueHeads: 2),
        Case(queries: 2, first: 0, queryHeads: 6, keyValueHeads: 2),
        Case(queries: 3, first: 126, queryHeads: 6, keyValueHeads: 2),
        Case(queries: 11, first: 250, queryHeads: 4, keyValueHeads: 4),
        Case(queries: 40, first: 0, queryHeads: 4, keyValueHeads: 2),
        Case(queries: 300, first: 0, queryHeads: 3, keyValueHeads: 1),
        Case(queries: 129, first: 100, queryHeads: 2, keyValueHeads: 2),
    ]

    /// Against plain float64 softmax attention on the stored operands.
    @Test(arguments: cases, Precision.supported)
    func equalsDoubleReference(_ c: Case, _ precision: Precision) throws {
        let size = 24
        let keys = c.first + c.queries
        let readable = keys + 60
        var values = Values(UInt64(c.queries))
        let (queryWidth, keyWidth) = (c.queryHeads * size, c.keyValueHeads * size)
        let query = stored(values.array(c.queries * queryWidth).map { $0 * 3 }, precision)
        let key = stored(values.array(readable * keyWidth), precision)
        let value = stored(values.array(readable * keyWidth), precision)
        let output = AlignedBuffer(byteCount: c.queries * queryWidth * precision.byteCount)
        try CausalAttention(headSize: size, precision: precision).apply(
            CausalAttention.Operands(
                query: query.address, queryStride: queryWidth, key: key.address, value: value.address,
                keyValueStride: keyWidth, output: output.address, outputStride: queryWidth,
                queryHeads: c.queryHeads, keyValueHeads: c.keyValueHeads, queries: c.queries, firstPosition: c.first,
                readableKeys: readable))
        let q = loaded(query, c.queries * queryWidth, precision).map(Double.init)
        let k = loaded(key, readable * keyWidth, precision).map(Double.init)
        let v = loaded(value, readable * keyWidth, precision).map(Double.init)
        var reference = [Double](repeating: 0, count: c.queries * queryWidth)
        for row in 0..<c.queries {
            for head in 0..<c.queryHeads {
                let group = head / (c.queryHeads / c.keyValueHeads)
                let visible = c.first + row + 1
                let scores = (0..<visible).map { position in
                    (0..<size).reduce(0.0) {
                        $0 + q[row * queryWidth + head * size + $1] * k[position * keyWidth + group * size + $1]
                    } / Double(size).squareRoot()
                }
                let peak = scores.max()!
                let weights = scores.map { Double.exp($0 - peak) }
                let total = weights.reduce(0, +)
                for (position, weight) in weights.enumerated() {
                    for component in 0..<size {
                        reference[row * queryWidth + head * size + component] +=
                            weight / total * v[position * keyWidth + group * size + component]
                    }
                }
            }
        }
        let result = loaded(output, c.queries * queryWidth, precision)
        #expect(largestDifference(result, reference) < (precision == .float32 ? 2e-6 : 1e-2))
    }
}

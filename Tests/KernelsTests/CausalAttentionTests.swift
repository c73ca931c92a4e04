import RealModule
import Testing

@testable import Kernels

struct CausalAttentionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var (queries, first, queryHeads, keyValueHeads): (Int, Int, Int, Int)
        var headSize = 24
        var testDescription: String {
            "\(queries) queries from \(first), \(queryHeads)/\(keyValueHeads) heads of \(headSize)"
        }
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

    /// Few queries: group sizes 1, 3, 4, 8; head sizes that are whole vectors and others; key counts around multiples of
    /// a vector and of a part.
    static let fewQueryCases = [
        Case(queries: 1, first: 0, queryHeads: 3, keyValueHeads: 3, headSize: 64),
        Case(queries: 1, first: 14, queryHeads: 9, keyValueHeads: 3, headSize: 64),
        Case(queries: 1, first: 15, queryHeads: 9, keyValueHeads: 3, headSize: 64),
        Case(queries: 1, first: 16, queryHeads: 9, keyValueHeads: 3, headSize: 64),
        Case(queries: 3, first: 126, queryHeads: 9, keyValueHeads: 3, headSize: 64),
        Case(queries: 7, first: 0, queryHeads: 9, keyValueHeads: 3, headSize: 64),
        Case(queries: 10, first: 1000, queryHeads: 9, keyValueHeads: 3, headSize: 64),
        Case(queries: 11, first: 300, queryHeads: 3, keyValueHeads: 1, headSize: 64),
        Case(queries: 24, first: 260, queryHeads: 3, keyValueHeads: 1, headSize: 64),
        Case(queries: 25, first: 260, queryHeads: 3, keyValueHeads: 1, headSize: 64),
        Case(queries: 1, first: 511, queryHeads: 8, keyValueHeads: 2, headSize: 80),
        Case(queries: 2, first: 128, queryHeads: 8, keyValueHeads: 2, headSize: 80),
        Case(queries: 5, first: 251, queryHeads: 8, keyValueHeads: 1, headSize: 128),
        Case(queries: 1, first: 700, queryHeads: 16, keyValueHeads: 2, headSize: 128),
        Case(queries: 3, first: 31, queryHeads: 4, keyValueHeads: 4, headSize: 100),
        Case(queries: 2, first: 254, queryHeads: 6, keyValueHeads: 2, headSize: 37),
        Case(queries: 1, first: 127, queryHeads: 4, keyValueHeads: 1, headSize: 32),
        Case(queries: 3, first: 40, queryHeads: 4, keyValueHeads: 1, headSize: 31),
    ]

    /// Against plain float64 softmax attention on the stored operands.
    @Test(arguments: cases + fewQueryCases, Precision.supported)
    func equalsDoubleReference(_ c: Case, _ precision: Precision) throws {
        let problem = Problem(c, precision)
        try CausalAttention(headSize: c.headSize, precision: precision).apply(problem.operands)
        #expect(problem.error < (precision == .float32 ? 2e-6 : 1e-2))
    }

    /// Sequences of different lengths together, some of them of few queries and some not.
    @Test(arguments: Precision.supported)
    func sequencesDoNotDisturbEachOther(_ precision: Precision) throws {
        let attention = CausalAttention(headSize: 64, precision: precision)
        for shapes in [[(1, 0), (1, 40), (1, 300), (1, 1100)], [(3, 16), (1, 700), (40, 0), (2, 129), (130, 10)]] {
            let problems = shapes.map { queries, first in
                Problem(
                    Case(queries: queries, first: first, queryHeads: 6, keyValueHeads: 2, headSize: 64), precision)
            }
            try attention.apply(problems.map(\.operands))
            for problem in problems { #expect(problem.error < (precision == .float32 ? 2e-6 : 1e-2)) }
        }
    }

    /// The result of a sequence depends neither on the thread that computes it nor on its neighbours.
    @Test(arguments: Precision.supported)
    func isReproducible(_ precision: Precision) throws {
        let attention = CausalAttention(headSize: 64, precision: precision)
        let shape = Case(queries: 3, first: 597, queryHeads: 6, keyValueHeads: 2, headSize: 64)
        let alone = Problem(shape, precision)
        try attention.apply(alone.operands)
        for _ in 0..<5 {
            let problems = (0..<6).map { _ in Problem(shape, precision) }
            try attention.apply(problems.map(\.operands))
            for problem in problems { #expect(problem.result == alone.result) }
        }
    }
}

/// Operands in memory, and what becomes of them.
private struct Problem {
    let shape: CausalAttentionTests.Case
    let precision: Precision
    let (query, key, value, output): (AlignedBuffer, AlignedBuffer, AlignedBuffer, AlignedBuffer)
    var readable: Int { shape.first + shape.queries + 60 }
    var queryWidth: Int { shape.queryHeads * shape.headSize }
    var keyWidth: Int { shape.keyValueHeads * shape.headSize }

    init(_ shape: CausalAttentionTests.Case, _ precision: Precision) {
        (self.shape, self.precision) = (shape, precision)
        let readable = shape.first + shape.queries + 60
        let (queryWidth, keyWidth) = (shape.queryHeads * shape.headSize, shape.keyValueHeads * shape.headSize)
        var values = Values(UInt64(shape.queries))
        query = stored(values.array(shape.queries * queryWidth).map { $0 * 3 }, precision)
        key = stored(values.array(readable * keyWidth), precision)
        value = stored(values.array(readable * keyWidth), precision)
        output = AlignedBuffer(byteCount: shape.queries * queryWidth * precision.byteCount)
    }

    var operands: CausalAttention.Operands {
        CausalAttention.Operands(
            query: query.address, queryStride: queryWidth, key: key.address, value: value.address,
            keyValueStride: keyWidth, output: output.address, outputStride: queryWidth,
            queryHeads: shape.queryHeads, keyValueHeads: shape.keyValueHeads, queries: shape.queries,
            firstPosition: shape.first, readableKeys: readable)
    }

    var result: [Float] { loaded(output, shape.queries * queryWidth, precision) }

    /// Largest difference of the result from float64.
    var error: Double {
        let size = shape.headSize
        let q = loaded(query, shape.queries * queryWidth, precision).map(Double.init)
        let k = loaded(key, readable * keyWidth, precision).map(Double.init)
        let v = loaded(value, readable * keyWidth, precision).map(Double.init)
        var reference = [Double](repeating: 0, count: shape.queries * queryWidth)
        for row in 0..<shape.queries {
            for head in 0..<shape.queryHeads {
                let group = head / (shape.queryHeads / shape.keyValueHeads)
                let visible = shape.first + row + 1
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
        return largestDifference(result, reference)
    }
}

/// Gradients of causal attention with respect to queries, keys and values; probabilities are computed again.
///
/// With P = softmax(Q·Kᵀ/√size) row by row and O = P·V: dV = Pᵀ·dO, dP = dO·Vᵀ, dS = P ∘ (dP − rowsums(P ∘ dP)),
/// dQ = dS·K/√size, dK = dSᵀ·Q/√size. Queries are taken in blocks against the keys that they see.
package final class AttentionGradient {
    private static let block = 256

    private let headSize: Int
    private let longest: Int
    private let rowStride: Int
    private let probabilities: AlignedBuffer  // [block, rowStride]
    private let gradients: AlignedBuffer  // [block, rowStride]

    /// What one pass reads and writes: float32, rows `width` or `queryWidth` apart.
    package struct Operands {
        /// Q, K and V side by side, rotated: [rows, (H + 2G)·headSize].
        package var queryKeyValue: UnsafePointer<Float>
        /// dO, [rows, H·headSize].
        package var output: UnsafePointer<Float>
        /// dQ, dK and dV side by side, overwritten: [rows, (H + 2G)·headSize].
        package var gradient: UnsafeMutablePointer<Float>
        package var queryHeads: Int
        package var keyValueHeads: Int

        package init(
            queryKeyValue: UnsafePointer<Float>, output: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>,
            queryHeads: Int, keyValueHeads: Int
        ) {
            self.queryKeyValue = queryKeyValue
            self.output = output
            self.gradient = gradient
            self.queryHeads = queryHeads
            self.keyValueHeads = keyValueHeads
        }
    }

    /// - Parameter rows: of the longest sequence.
    package init(headSize: Int, rows: Int) {
        self.headSize = headSize
        longest = rows
        rowStride = (rows + 15) & ~15
        probabilities = AlignedBuffer(floats: min(Self.block, rows) * rowStride)
        gradients = AlignedBuffer(floats: min(Self.block, rows) * rowStride)
    }

    /// - Parameter rows: of one sequence, from its first token on.
    package func apply(_ operands: Operands, rows: Int) {
        precondition(rows <= longest)
        let width = (operands.queryHeads + 2 * operands.keyValueHeads) * headSize
        operands.gradient.update(repeating: 0, count: rows * width)
        for head in 0..<operands.queryHeads {
            for first in stride(from: 0, to: rows, by: Self.block) {
                apply(operands, head, first..<min(first + Self.block, rows), width)
            }
        }
    }

    private func apply(_ operands: Operands, _ head: Int, _ queries: Range<Int>, _ width: Int) {
        let (size, keys, count) = (headSize, queries.upperBound, queries.count)
        let group = head / (operands.queryHeads / operands.keyValueHeads)
        let queryColumn = head * size
        let keyColumn = (operands.queryHeads + group) * size
        let valueColumn = keyColumn + operands.keyValueHeads * size
        let outputWidth = operands.queryHeads * size
        let (p, ds) = (probabilities.floats, gradients.floats)
        func view(_ values: UnsafePointer<Float>, _ row: Int, _ column: Int) -> MatrixView {
            MatrixView(values + row * width + column, stride: width)
        }
        let query = view(operands.queryKeyValue, queries.lowerBound, queryColumn)
        let key = view(operands.queryKeyValue, 0, keyColumn)
        let value = view(operands.queryKeyValue, 0, valueColumn)
        let output = MatrixView(
            operands.output + queries.lowerBound * outputWidth + queryColumn, stride: outputWidth)

        LinearAlgebra.multiply(
            query, key.transposed, rows: count, inner: size, columns: keys, into: p, stride: rowStride)
        LinearAlgebra.multiply(
            output, value.transposed, rows: count, inner: size, columns: keys, into: ds, stride: rowStride)
        differentiate(queries)
        let (scores, weights) = (MatrixView(ds, stride: rowStride), MatrixView(p, stride: rowStride))
        let gradient = operands.gradient
        LinearAlgebra.multiply(
            scores, key, rows: count, inner: keys, columns: size,
            into: gradient + queries.lowerBound * width + queryColumn, stride: width)
        LinearAlgebra.multiply(
            scores.transposed, query, rows: keys, inner: count, columns: size, accumulates: true,
            into: gradient + keyColumn, stride: width)
        LinearAlgebra.multiply(
            weights.transposed, output, rows: keys, inner: count, columns: size, accumulates: true,
            into: gradient + valueColumn, stride: width)
    }

    /// Scores become probabilities, and their gradients those of the scores.
    private func differentiate(_ queries: Range<Int>) {
        let (rowStride, keys) = (rowStride, (queries.upperBound + 15) & ~15)
        let (p, ds) = (probabilities.floats, gradients.floats)
        let scale = 1 / Float(headSize).squareRoot()
        Threads.forEachChunk(queries.count, grain: 8) { range in
            for index in range {
                let (weights, gradient) = (p + index * rowStride, ds + index * rowStride)
                let inverse = Softmax.exponentiate(
                    weights, visible: queries.lowerBound + index + 1, count: keys, scale: scale * log2e, as: Float.self)
                var products = Lanes(repeating: 0)
                for column in stride(from: 0, to: keys, by: 16) {
                    let weight = load(weights + column) * inverse
                    store(weight, weights + column)
                    products = fma(weight, load(gradient + column), products)
                }
                let mean = sum(products)
                for column in stride(from: 0, to: keys, by: 16) {
                    store(load(weights + column) * (load(gradient + column) - mean) * scale, gradient + column)
                }
            }
        }
    }
}

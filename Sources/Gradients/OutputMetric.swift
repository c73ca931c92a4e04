import Kernels

/// What an error of a sublayer's output costs: G = E[g·gᵀ], g being the gradient of log p(y) at that output for y drawn
/// from the model itself. G is the Fisher information, and ½·δᵀ·G·δ the divergence that a small error δ of every token
/// causes, tokens taken by themselves (K-FAC's output factor, arXiv 1503.05671; in pruning, The LLM Surgeon, arXiv
/// 2312.17244).
package final class OutputMetric: @unchecked Sendable {
    /// D
    package let width: Int
    package private(set) var tokens = 0
    /// Σ g·gᵀ, float32 row-major [D, D], lower triangle.
    package let gram: AlignedBuffer

    package init(width: Int) {
        self.width = width
        gram = AlignedBuffer(floats: width * width)
    }

    /// Of gradients that were gathered before.
    /// - Parameter gram: [D, D]
    package init(width: Int, tokens: Int, gram: AlignedBuffer) {
        precondition(gram.byteCount >= width * width * 4)
        self.width = width
        self.tokens = tokens
        self.gram = gram
    }

    /// Whether all entries are numbers: an entry is one where those of its row's and column's diagonal are.
    package var isFinite: Bool { (0..<width).allSatisfy { gram.floats[$0 * width + $0].isFinite } }

    /// - Parameter gradients: float32 [count, D].
    package func add(_ gradients: UnsafePointer<Float>, count: Int) {
        LinearAlgebra.accumulateGram(gradients, rows: count, width: width, into: gram.floats)
        tokens += count
    }

    /// G's entry, per token.
    package func value(_ a: Int, _ b: Int) -> Double {
        Double(gram.floats[max(a, b) * width + min(a, b)]) / Double(max(tokens, 1))
    }

    /// R with Rᵀ·R = G/mean(diag) + damping·I, upper triangular, row-major [D, D]. Of no gradients at all it is √damping·I.
    /// - Parameter damping: > 0. It stands for errors that the gradients of few tokens do not show.
    /// - Throws: `KernelError.notPositiveDefinite` of gradients that are not numbers.
    package func root(damping: Double) throws(KernelError) -> [Float] {
        precondition(damping > 0)
        let mean = (0..<width).reduce(0.0) { $0 + value($1, $1) } / Double(max(width, 1))
        guard mean.isFinite else {
            throw KernelError(.notPositiveDefinite, "The gradients of a sublayer's output are no numbers")
        }
        let factor = AlignedBuffer(doubles: width * width)
        for row in 0..<width {
            for column in 0...row {
                factor.doubles[row * width + column] = mean > 0 ? value(row, column) / mean : 0
            }
            factor.doubles[row * width + row] += damping
        }
        try LinearAlgebra.cholesky(factor.doubles, order: width)
        var root = [Float](repeating: 0, count: width * width)
        for row in 0..<width {
            for column in 0...row { root[column * width + row] = Float(factor.doubles[row * width + column]) }
        }
        return root
    }
}

import Kernels
import Models

/// First and second moments of what one output projection reads, over the calibration tokens.
///
/// Sums, not means, so that batches add up; `gram` is float32, accumulated by symmetric rank-k updates.
package final class ActivationMoments: @unchecked Sendable {
    /// F, inputs of the projection.
    package let width: Int
    package private(set) var tokens = 0
    /// Σ x, [F].
    package private(set) var sums: [Double]
    /// Σ x·xᵀ, row-major [F, F], lower triangle.
    package let gram: AlignedBuffer

    package init(width: Int) {
        self.width = width
        sums = [Double](repeating: 0, count: width)
        gram = AlignedBuffer(floats: width * width)
    }

    /// Adds rows of float32 [rows, F].
    package func add(_ rows: UnsafePointer<Float>, count: Int) {
        LinearAlgebra.accumulateGram(rows, rows: count, width: width, into: gram.floats)
        sums.withUnsafeMutableBufferPointer { sums in
            for row in 0..<count {
                for column in 0..<width { sums[column] += Double(rows[row * width + column]) }
            }
        }
        tokens += count
    }

    package func mean(_ column: Int) -> Double { sums[column] / Double(max(tokens, 1)) }

    /// E[x²] of one input.
    package func meanSquare(_ column: Int) -> Double {
        Double(gram.floats[column * width + column]) / Double(max(tokens, 1))
    }

    /// E[x·yᵀ] − E[x]·E[y] of two inputs, in either order.
    package func covariance(_ a: Int, _ b: Int) -> Double {
        Double(gram.floats[max(a, b) * width + min(a, b)]) / Double(max(tokens, 1)) - mean(a) * mean(b)
    }
}

import Kernels
import Models

/// First and second moments of what one output projection reads, over the calibration tokens.
///
/// Sums, not means, so that batches add up; `gram` is float32, accumulated by symmetric rank-k updates. Tokens are
/// weighted: the first of a window carries activations a hundred times larger than all others, and a least-squares fit
/// that is to be small next to the residual stream must not be ruled by it.
package final class ActivationMoments: @unchecked Sendable {
    /// F, inputs of the projection.
    package let width: Int
    package private(set) var tokens = 0
    /// Σ w.
    package private(set) var weight = 0.0
    /// Σ w·x, [F].
    package private(set) var sums: [Double]
    /// Σ x, unweighted, [F].
    package private(set) var plainSums: [Double]
    /// Σ x², unweighted, [F].
    package private(set) var squares: [Double]
    /// Σ w·x·xᵀ, row-major [F, F], lower triangle; empty where products are not kept.
    package let gram: AlignedBuffer
    package let keepsProducts: Bool

    /// - Parameter keepsProducts: without them there are no covariances, and most of the time and memory is saved.
    package init(width: Int, keepsProducts: Bool = true) {
        self.width = width
        self.keepsProducts = keepsProducts
        sums = [Double](repeating: 0, count: width)
        plainSums = sums
        squares = sums
        gram = AlignedBuffer(floats: keepsProducts ? width * width : 0)
    }

    /// All but the products, to be kept in a file.
    package struct Summary: Codable, Sendable {
        package var width: Int
        package var tokens: Int
        package var weight: Double
        package var sums: [Double]
        package var plainSums: [Double]
        package var squares: [Double]

        /// Whether this can be a summary at all.
        package var isConsistent: Bool {
            width >= 0 && tokens >= 0 && [sums, plainSums, squares].allSatisfy { $0.count == width }
        }
    }

    /// Whether all sums are numbers. A product of two inputs is one where their squares are.
    package var isFinite: Bool {
        weight.isFinite && [sums, plainSums, squares].allSatisfy { $0.allSatisfy(\.isFinite) }
            && (!keepsProducts || (0..<width).allSatisfy { gram.floats[$0 * width + $0].isFinite })
    }

    package var summary: Summary {
        Summary(
            width: width, tokens: tokens, weight: weight, sums: sums, plainSums: plainSums, squares: squares)
    }

    /// - Parameters:
    ///   - summary: consistent.
    ///   - gram: [F, F], or `nil` where products were not kept.
    package init(_ summary: Summary, gram: AlignedBuffer?) {
        precondition(summary.isConsistent && gram?.byteCount ?? .max >= summary.width * summary.width * 4)
        width = summary.width
        tokens = summary.tokens
        weight = summary.weight
        sums = summary.sums
        plainSums = summary.plainSums
        squares = summary.squares
        keepsProducts = gram != nil
        self.gram = gram ?? AlignedBuffer(floats: 0)
    }

    /// Adds rows of float32 [rows, F].
    /// - Parameters:
    ///   - rows: scaled by √w in place.
    ///   - weights: w of each row; all one when `nil`.
    package func add(_ rows: UnsafeMutablePointer<Float>, count: Int, weights: UnsafePointer<Float>? = nil) {
        for row in 0..<count {
            let x = rows + row * width
            let scale = weights.map { $0[row].squareRoot() } ?? 1
            addMoments(x, scale)
            weight += Double(scale) * Double(scale)
        }
        if keepsProducts { LinearAlgebra.accumulateGram(rows, rows: count, width: width, into: gram.floats) }
        tokens += count
    }

    /// The same for rows that stay as they are.
    package func add(_ rows: [Float], count: Int, weights: [Float]? = nil) {
        var copy = rows
        copy.withUnsafeMutableBufferPointer { rows in
            guard let rows = rows.baseAddress else { return }
            guard let weights else { return add(rows, count: count) }
            weights.withUnsafeBufferPointer { add(rows, count: count, weights: $0.baseAddress) }
        }
    }

    private func addMoments(_ x: UnsafeMutablePointer<Float>, _ scale: Float) {
        let width = width
        sums.withUnsafeMutableBufferPointer { sums in
            plainSums.withUnsafeMutableBufferPointer { plainSums in
                squares.withUnsafeMutableBufferPointer { squares in
                    let double = Double(scale)
                    for column in 0..<width {
                        let value = x[column]
                        plainSums[column] += Double(value)
                        squares[column] += Double(value) * Double(value)
                        x[column] = value * scale
                        sums[column] += Double(value * scale) * double
                    }
                }
            }
        }
    }

    /// E[x] of one input, weighted.
    package func mean(_ column: Int) -> Double { weight > 0 ? sums[column] / weight : 0 }

    /// ‖X‖ of one input over all tokens, unweighted.
    package func norm(_ column: Int) -> Double { squares[column].squareRoot() }

    /// E[x²] of one input, unweighted.
    package func meanSquare(_ column: Int) -> Double { squares[column] / Double(max(tokens, 1)) }

    /// E[x] of one input, unweighted.
    package func plainMean(_ column: Int) -> Double { plainSums[column] / Double(max(tokens, 1)) }

    /// E[x²] − E[x]² of one input, unweighted.
    package func plainVariance(_ column: Int) -> Double {
        let mean = plainMean(column)
        return max(0, meanSquare(column) - mean * mean)
    }

    /// E[x·yᵀ] − E[x]·E[y] of two inputs in either order, weighted.
    package func covariance(_ a: Int, _ b: Int) -> Double { product(a, b) - mean(a) * mean(b) }

    /// E[x·yᵀ] of two inputs in either order, weighted.
    package func product(_ a: Int, _ b: Int) -> Double {
        precondition(keepsProducts, "the products were not kept")
        return weight > 0 ? Double(gram.floats[max(a, b) * width + min(a, b)]) / weight : 0
    }
}

import Calibration
import Kernels
import Models

/// OWL's layerwise outlier distribution (arXiv 2310.05175): how many of a block's weights have a Wanda score
/// |W_rj|·‖X_j‖ of more than M times the mean over all weights of its seven projections.
package struct OutlierDistribution: Sendable {
    /// M, and the largest deviation λ of a block's rate, as the paper has them for its main results.
    package static let threshold = 5.0
    package static let spread = 0.08

    /// Per block, the fraction of its weights that are outliers.
    package let shares: [Double]

    /// - Parameters:
    ///   - calibration: moments of what o_proj and down_proj read.
    ///   - stream: the same of the other projections.
    package init(
        _ dense: DenseBlocks, _ calibration: Calibration, _ stream: StreamSquares, threshold: Double = Self.threshold
    ) {
        shares = dense.attention.indices.map { block in
            var matrices: [Matrix] = []
            let (attention, mlp) = (dense.attention[block], dense.mlp[block])
            if let moments = calibration.attention[block] {
                let norms = Self.norms(stream.attention[block], attention.norm)
                matrices += [attention.query, attention.key, attention.value].map { Matrix($0, norms) }
                matrices.append(Matrix(attention.output, moments.squares.map { $0.squareRoot() }))
            }
            if let moments = calibration.mlp[block] {
                let norms = Self.norms(stream.mlp[block], mlp.norm)
                matrices += [mlp.gate, mlp.up].map { Matrix($0, norms) }
                matrices.append(Matrix(mlp.down, moments.squares.map { $0.squareRoot() }))
            }
            let weights = matrices.reduce(0) { $0 + $1.weights.count }
            guard weights > 0 else { return 0 }
            let limit = threshold * matrices.reduce(0.0) { $0 + $1.sum } / Double(weights)
            return Double(matrices.reduce(0) { $0 + $1.count(above: limit) }) / Double(weights)
        }
    }

    package init(shares: [Double]) { self.shares = shares }

    /// Fraction of its parameters that each block keeps: more where there are more outliers, from the least to the most
    /// over a range of 2λ, the mean that of the rate.
    /// - Parameter rate: fraction to remove.
    package func keptFractions(rate: Double, spread: Double = Self.spread) -> [Double] {
        let (least, most) = (shares.min() ?? 0, shares.max() ?? 0)
        let scaled = shares.map { most > least ? ($0 - least) / (most - least) * 2 * spread : 0 }
        let mean = scaled.reduce(0, +) / Double(max(scaled.count, 1))
        return scaled.map { min(max($0 - mean + 1 - rate, 0), 1) }
    }

    /// ‖X_j‖ behind the norm's weight.
    private static func norms(_ squares: [Double], _ weights: [Float]) -> [Double] {
        zip(squares, weights).map { $0.squareRoot() * abs(Double($1)) }
    }

    /// A projection [outputs, inputs] with the norms of its inputs.
    private struct Matrix {
        let weights: [Float]
        let norms: [Double]

        init(_ weights: [Float], _ norms: [Double]) {
            (self.weights, self.norms) = (weights, norms)
        }

        /// Σ |W_rj|·‖X_j‖.
        var sum: Double {
            rows { row in
                var sum = 0.0
                for (column, norm) in norms.enumerated() { sum += Double(abs(row[column])) * norm }
                return sum
            }.reduce(0, +)
        }

        func count(above limit: Double) -> Int {
            rows { row in
                var count = 0
                for (column, norm) in norms.enumerated() where Double(abs(row[column])) * norm > limit { count += 1 }
                return count
            }.reduce(0, +)
        }

        private func rows<Value>(_ value: (UnsafePointer<Float>) -> Value) -> [Value] {
            weights.withUnsafeBufferPointer { weights in
                guard let start = weights.baseAddress, !norms.isEmpty else { return [] }
                return (0..<weights.count / norms.count).map { value(start + $0 * norms.count) }
            }
        }
    }
}

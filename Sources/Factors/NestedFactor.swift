import Calibration
import Kernels

/// One sublayer's output projection with every level in closed form.
///
/// With the columns in the order π, C the centred second moment of the inputs (ridged) and C = L·Lᵀ, V = W·L, the
/// least-squares refit to the first s columns is W_s = V[:, :s]·L[:s, :s]⁻¹ with the bias b + Wμ − W_s·μ[:s], and its
/// reconstruction error is Σ_{j≥s} ‖V_j‖².
///
/// Columns that no level keeps stand at the end of π: they count in V and in the errors, and are not stored.
package struct NestedFactor: Sendable {
    package let order: ColumnOrder
    package let outputs: Int
    /// L, float32 row-major [columns, columns], lower.
    private let lower: AlignedBuffer
    /// V, float32 row-major [outputs, columns].
    private let product: AlignedBuffer
    /// μ in the order of the columns.
    private let means: [Double]
    /// b + Wμ, [outputs].
    private let outputMean: [Double]
    /// Σ_{j≥s} ‖V_j‖² for s = 0…columns.
    private let columnErrors: [Double]
    /// Mean weight of a calibration token.
    private let meanWeight: Double

    /// Columns that the last level keeps.
    package var columns: Int { order.keptColumns }
    package var units: Int { order.units.count }
    package var unitSize: Int { order.unitSize }

    package var byteCount: Int { lower.byteCount + product.byteCount }

    /// `byteCount` of a factor of so many kept columns.
    package static func byteCount(columns: Int, outputs: Int) -> Int { 4 * columns * (columns + outputs) }

    /// - Parameter ridge: λ, as a fraction of the mean variance of the inputs.
    /// - Throws: `KernelError.notPositiveDefinite` when the moments are degenerate and λ is zero.
    package init(
        _ projection: OutputProjection, _ moments: ActivationMoments, order: ColumnOrder, ridge: Double
    ) throws(KernelError) {
        let (columns, outputs) = (projection.columns, projection.outputs)
        precondition(order.columns.count == columns && moments.width == columns)
        self.order = order
        self.outputs = outputs
        let means = order.columns.map { moments.mean($0) }
        self.means = means
        meanWeight = moments.tokens > 0 ? moments.weight / Double(moments.tokens) : 1

        let factor = UnsafeMutablePointer<Double>.allocate(capacity: columns * columns)
        defer { factor.deallocate() }
        try RidgedMoment.factor(moments, order.columns, ridge: ridge, into: factor)
        let scaled = UnsafeMutablePointer<Double>.allocate(capacity: outputs * columns)
        defer { scaled.deallocate() }
        var outputMean = projection.bias.map { $0.map(Double.init) } ?? [Double](repeating: 0, count: outputs)
        for row in 0..<outputs {
            for (position, column) in order.columns.enumerated() {
                let weight = Double(projection.weights[row * columns + column])
                scaled[row * columns + position] = weight
                outputMean[row] += weight * means[position]
            }
        }
        self.outputMean = outputMean
        LinearAlgebra.multiplyLower(scaled, rows: outputs, by: factor, order: columns)

        var errors = [Double](repeating: 0, count: columns + 1)
        for row in 0..<outputs {
            for column in 0..<columns {
                errors[column] += scaled[row * columns + column] * scaled[row * columns + column]
            }
        }
        for column in stride(from: columns - 1, through: 0, by: -1) { errors[column] += errors[column + 1] }
        columnErrors = errors

        lower = Self.stored(factor, rows: order.keptColumns, columns: order.keptColumns, of: columns)
        product = Self.stored(scaled, rows: outputs, columns: order.keptColumns, of: columns)
    }

    /// The first columns of a matrix in float32.
    private static func stored(
        _ matrix: UnsafePointer<Double>, rows: Int, columns: Int, of stride: Int
    ) -> AlignedBuffer {
        let buffer = AlignedBuffer(floats: rows * columns)
        for row in 0..<rows {
            let (source, target) = (matrix + row * stride, buffer.floats + row * columns)
            for column in 0..<columns { target[column] = Float(source[column]) }
        }
        return buffer
    }

    /// Mean squared error per token of the refitted output with the first `units` kept, ridge included.
    package func error(keeping units: Int) -> Double { columnErrors[units * unitSize] }

    /// `error` of every number of units, in units of the residual stream's mean square where the calibration weighted
    /// tokens by its inverse: comparable between sublayers.
    package var residualErrors: [Double] { (0...units).map { error(keeping: $0) * meanWeight } }

    /// The refitted projection: W_s float32 row-major [outputs, units·unitSize] and its bias [outputs].
    ///
    /// Solved in float32 as the factors are; rounding those to float32 costs as much accuracy as the solution does.
    package func refit(keeping units: Int) -> (weights: [Float], bias: [Float]) {
        let size = units * unitSize
        if size == 0 { return ([], outputMean.map { Float($0) }) }
        var bias = [Float](repeating: 0, count: outputs)
        let weights = [Float](unsafeUninitializedCapacity: outputs * size) { weights, count in
            guard let solution = weights.baseAddress else { return }
            for row in 0..<outputs {
                (solution + row * size).initialize(from: product.floats + row * columns, count: size)
            }
            count = outputs * size
            LinearAlgebra.solveLower(solution, rows: outputs, size: size, against: lower.floats, stride: columns)
            bias.withUnsafeMutableBufferPointer { bias in
                means.withUnsafeBufferPointer { means in
                    guard let means = means.baseAddress else { return }
                    for row in 0..<outputs {
                        bias[row] = Float(outputMean[row] - Self.dot(solution + row * size, means, count: size))
                    }
                }
            }
        }
        return (weights, bias)
    }

    private static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Double>, count: Int) -> Double {
        var sums = SIMD8<Double>()
        let whole = count & ~7
        for start in stride(from: 0, to: whole, by: 8) {
            let x = UnsafeRawPointer(a + start).loadUnaligned(as: SIMD8<Float>.self)
            sums += SIMD8<Double>(x) * UnsafeRawPointer(b + start).loadUnaligned(as: SIMD8<Double>.self)
        }
        return (whole..<count).reduce(sums.sum()) { $0 + Double(a[$1]) * b[$1] }
    }
}

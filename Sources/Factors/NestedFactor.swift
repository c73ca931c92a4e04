import Calibration
import Kernels

/// One sublayer's output projection with every level in closed form.
///
/// With the units in the order π, C the centred second moment of the inputs (ridged) and C = L·Lᵀ, V = W·L, the
/// least-squares refit to the first s columns is W_s = V[:, :s]·L[:s, :s]⁻¹ with the bias b + Wμ − W_s·μ[:s], and its
/// reconstruction error is Σ_{j≥s} ‖V_j‖².
package struct NestedFactor: Sendable {
    /// Units, most important first.
    package let order: [Int]
    /// Columns of `projection.weights` in the order of the units.
    package let columnOrder: [Int]
    package let outputs: Int
    package let unitSize: Int
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

    package var columns: Int { columnOrder.count }
    package var units: Int { order.count }

    package var byteCount: Int { lower.byteCount + product.byteCount }

    /// - Parameter ridge: λ, as a fraction of the mean variance of the inputs.
    /// - Throws: `KernelError.notPositiveDefinite` when the moments are degenerate and λ is zero.
    package init(
        _ projection: OutputProjection, _ moments: ActivationMoments, order: [Int], ridge: Double
    ) throws(KernelError) {
        let (columns, outputs, size) = (projection.columns, projection.outputs, projection.unitSize)
        precondition(order.count == projection.units && moments.width == columns)
        let columnOrder = order.flatMap { $0 * size..<($0 + 1) * size }
        self.order = order
        self.columnOrder = columnOrder
        self.outputs = outputs
        unitSize = size
        means = columnOrder.map { moments.mean($0) }
        meanWeight = moments.tokens > 0 ? moments.weight / Double(moments.tokens) : 1

        let factor = UnsafeMutablePointer<Double>.allocate(capacity: columns * columns)
        defer { factor.deallocate() }
        try RidgedMoment.factor(moments, columnOrder, ridge: ridge, into: factor)
        let scaled = UnsafeMutablePointer<Double>.allocate(capacity: outputs * columns)
        defer { scaled.deallocate() }
        var outputMean = projection.bias.map { $0.map(Double.init) } ?? [Double](repeating: 0, count: outputs)
        for row in 0..<outputs {
            for (position, column) in columnOrder.enumerated() {
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

        lower = AlignedBuffer(floats: columns * columns)
        for index in 0..<columns * columns { lower.floats[index] = Float(factor[index]) }
        product = AlignedBuffer(floats: outputs * columns)
        for index in 0..<outputs * columns { product.floats[index] = Float(scaled[index]) }
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

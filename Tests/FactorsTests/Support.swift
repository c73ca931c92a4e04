import Calibration
import Factors
import Kernels

/// Deterministic values in −1…1 (a linear congruential generator; the tests need variety, not randomness).
struct Values {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int32(truncatingIfNeeded: state >> 32)) / Float(Int32.max)
    }

    mutating func array(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }
}

/// A projection with inputs, and what pruning it should give, straight from the definitions in float64.
struct Problem: Sendable {
    var inputs: [Float]  // [tokens, columns]
    var tokens: Int
    var projection: OutputProjection

    var columns: Int { projection.columns }
    var outputs: Int { projection.outputs }

    /// Inputs that depend on each other, with means that are not zero.
    /// - Parameter scales: factors of single input columns.
    init(
        tokens: Int, columns: Int, outputs: Int, unitSize: Int, hasBias: Bool, scales: [Int: Float] = [:],
        seed: UInt64 = 1
    ) {
        var values = Values(seed)
        let mixing = values.array(columns * columns)
        let means = values.array(columns)
        var inputs: [Float] = []
        for _ in 0..<tokens {
            let sources = values.array(columns)
            for column in 0..<columns {
                let mixed = (0..<columns).reduce(Float(0)) { $0 + mixing[column * columns + $1] * sources[$1] }
                inputs.append((means[column] + 0.3 * mixed + sources[column]) * (scales[column] ?? 1))
            }
        }
        self.inputs = inputs
        self.tokens = tokens
        projection = OutputProjection(
            weights: values.array(outputs * columns), outputs: outputs, columns: columns,
            bias: hasBias ? values.array(outputs) : nil, unitSize: unitSize)
    }

    var moments: ActivationMoments {
        let moments = ActivationMoments(width: columns)
        moments.add(inputs, count: tokens)
        return moments
    }

    func input(_ token: Int, _ column: Int) -> Double { Double(inputs[token * columns + column]) }

    func weight(_ row: Int, _ column: Int) -> Double { Double(projection.weights[row * columns + column]) }

    var means: [Double] {
        (0..<columns).map { column in (0..<tokens).reduce(0.0) { $0 + input($1, column) } / Double(tokens) }
    }

    /// E[(x−μ)(x−μ)ᵀ], row-major.
    var covariance: [Double] {
        let means = means
        var result = [Double](repeating: 0, count: columns * columns)
        for token in 0..<tokens {
            let centred = (0..<columns).map { input(token, $0) - means[$0] }
            for row in 0..<columns {
                for column in 0..<columns { result[row * columns + column] += centred[row] * centred[column] }
            }
        }
        return result.map { $0 / Double(tokens) }
    }

    /// λ·mean(diagonal of C).
    func shift(_ ridge: Double, _ covariance: [Double]) -> Double {
        ridge * (0..<columns).reduce(0.0) { $0 + covariance[$1 * columns + $1] } / Double(columns)
    }

    /// argmin over W_s, b_s of E‖Wx + b − W_s·x_s − b_s‖² + shift·‖W_s − W[:, s]‖², by its normal equations.
    func directFit(kept: [Int], shift: Double, covariance: [Double], means: [Double]) -> (
        weights: [Double], bias: [Double]
    ) {
        let size = kept.count
        var matrix: [Double] = []
        var right = [Double](repeating: 0, count: size * outputs)
        for (row, column) in kept.enumerated() {
            for (place, other) in kept.enumerated() {
                matrix.append(covariance[column * columns + other] + (place == row ? shift : 0))
            }
            for output in 0..<outputs {
                let product = (0..<columns).reduce(0.0) { $0 + weight(output, $1) * covariance[$1 * columns + column] }
                right[row * outputs + output] = product + shift * weight(output, column)
            }
        }
        solve(&matrix, &right, order: size, columns: outputs)
        var weights = [Double](repeating: 0, count: outputs * size)
        var bias = [Double](repeating: 0, count: outputs)
        for output in 0..<outputs {
            bias[output] = Double(projection.bias?[output] ?? 0)
            for column in 0..<columns { bias[output] += weight(output, column) * means[column] }
            for (place, column) in kept.enumerated() {
                weights[output * size + place] = right[place * outputs + output]
                bias[output] -= weights[output * size + place] * means[column]
            }
        }
        return (weights, bias)
    }

    /// E‖Wx + b − W_s·x_s − b_s‖² over the tokens.
    func measuredError(kept: [Int], weights: [Float], bias: [Float]) -> Double {
        var total = 0.0
        for token in 0..<tokens {
            for output in 0..<outputs {
                var difference = Double(projection.bias?[output] ?? 0) - Double(bias[output])
                for column in 0..<columns { difference += weight(output, column) * input(token, column) }
                for (place, column) in kept.enumerated() {
                    difference -= Double(weights[output * kept.count + place]) * input(token, column)
                }
                total += difference * difference
            }
        }
        return total / Double(tokens)
    }

    /// ‖W − W_s‖², W_s zero in the columns not kept.
    func squaredChange(kept: [Int], weights: [Float]) -> Double {
        var change = projection.weights.map(Double.init)
        for output in 0..<outputs {
            for (place, column) in kept.enumerated() {
                change[output * columns + column] -= Double(weights[output * kept.count + place])
            }
        }
        return change.reduce(0.0) { $0 + $1 * $1 }
    }
}

/// Gaussian elimination with partial pivoting; the solution replaces `right`.
/// - Parameters:
///   - matrix: [order, order]
///   - right: [order, columns]
func solve(_ matrix: inout [Double], _ right: inout [Double], order: Int, columns: Int) {
    for step in 0..<order {
        let pivot = (step..<order).max { abs(matrix[$0 * order + step]) < abs(matrix[$1 * order + step]) } ?? step
        for column in 0..<order { matrix.swapAt(step * order + column, pivot * order + column) }
        for column in 0..<columns { right.swapAt(step * columns + column, pivot * columns + column) }
        for row in step + 1..<max(order, step + 1) {
            let factor = matrix[row * order + step] / matrix[step * order + step]
            for column in step..<order { matrix[row * order + column] -= factor * matrix[step * order + column] }
            for column in 0..<columns { right[row * columns + column] -= factor * right[step * columns + column] }
        }
    }
    for row in stride(from: order - 1, through: 0, by: -1) {
        for column in 0..<columns {
            var value = right[row * columns + column]
            for other in row + 1..<max(order, row + 1) {
                value -= matrix[row * order + other] * right[other * columns + column]
            }
            right[row * columns + column] = value / matrix[row * order + row]
        }
    }
}

extension NestedFactor {
    /// Whole units, most important first.
    init(
        _ projection: OutputProjection, _ moments: ActivationMoments, order: [Int], ridge: Double
    ) throws(KernelError) {
        try self.init(projection, moments, order: ColumnOrder(units: order, of: projection), ridge: ridge)
    }
}

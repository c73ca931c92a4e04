import Calibration
import Kernels

/// What a least-squares fit of targets t to inputs x needs of some tokens: weighted sums of x·xᵀ, t·xᵀ, x, t and ‖t‖².
final class RegressionMoments {
    /// F
    let inputs: Int
    /// O
    let outputs: Int
    private let moments: ActivationMoments
    /// Σ w·t·xᵀ, float32 row-major [O, F].
    private let cross: AlignedBuffer
    /// Σ w·t, [O].
    private var targetSums: [Double]
    /// Σ w·‖t‖²
    private var targetSquares = 0.0

    init(inputs: Int, outputs: Int) {
        self.inputs = inputs
        self.outputs = outputs
        moments = ActivationMoments(width: inputs)
        cross = AlignedBuffer(floats: outputs * inputs)
        targetSums = [Double](repeating: 0, count: outputs)
    }

    var weight: Double { moments.weight }
    var isEmpty: Bool { moments.tokens == 0 }

    /// Adds tokens.
    /// - Parameters:
    ///   - x: float32 [rows, F], scaled by √w in place.
    ///   - t: float32 [rows, O], likewise.
    ///   - weights: w of each row; all one when `nil`.
    func add(
        _ x: UnsafeMutablePointer<Float>, _ t: UnsafeMutablePointer<Float>, rows: Int,
        weights: UnsafePointer<Float>?
    ) {
        moments.add(x, count: rows, weights: weights)
        let outputs = outputs
        targetSums.withUnsafeMutableBufferPointer { sums in
            for row in 0..<rows {
                let scale = weights.map { $0[row].squareRoot() } ?? 1
                let target = t + row * outputs
                for column in 0..<outputs {
                    target[column] *= scale
                    let value = Double(target[column])
                    sums[column] += value * Double(scale)
                    targetSquares += value * value
                }
            }
        }
        LinearAlgebra.multiply(
            MatrixView(t, stride: outputs, isTransposed: true), MatrixView(x, stride: inputs), rows: outputs,
            inner: rows, columns: inputs, accumulates: true, into: cross.floats, stride: inputs)
    }

    /// E[‖t − W·x − b‖²] over these tokens.
    /// - Parameters:
    ///   - solution: W, float64 [O, F].
    ///   - bias: b, [O].
    func error(of solution: UnsafePointer<Double>, bias: [Double]) -> Double {
        guard weight > 0 else { return 0 }
        let size = outputs * inputs
        // W·G, then everything by rows: ‖t‖² − 2·tr(W·Xᵀ) + tr(W·G·Wᵀ) + 2·b·(W·x̄ − t̄) + ‖b‖².
        let gram = AlignedBuffer(doubles: inputs * inputs)
        for row in 0..<inputs {
            for column in 0...row {
                gram.doubles[row * inputs + column] = Double(moments.gram.floats[row * inputs + column])
            }
        }
        let product = AlignedBuffer(doubles: size)
        LinearAlgebra.multiplySymmetric(solution, rows: outputs, by: gram.doubles, order: inputs, into: product.doubles)
        var sum = targetSquares
        for index in 0..<size {
            sum += solution[index] * (product.doubles[index] - 2 * Double(cross.floats[index]))
        }
        for row in 0..<outputs {
            var mean = -targetSums[row]
            for column in 0..<inputs { mean += solution[row * inputs + column] * moments.sums[column] }
            sum += bias[row] * (2 * mean + bias[row] * weight)
        }
        return sum / weight
    }
}

extension RegressionMoments {
    /// The normal equations of a fit to the tokens of several moments: centred, so that a bias takes care of the means,
    /// or as they are.
    struct Normal {
        let inputs: Int
        let outputs: Int
        /// E[x·xᵀ] − x̄·x̄ᵀ, float64 [F, F], lower triangle.
        let covariance: AlignedBuffer
        /// E[t·xᵀ] − t̄·x̄ᵀ, float64 [O, F].
        let cross: AlignedBuffer
        /// x̄; zero where there is no bias.
        let means: [Double]
        let targetMeans: [Double]
        /// Mean of the covariance's diagonal.
        let meanVariance: Double
    }

    static func normal(_ parts: [RegressionMoments], centred: Bool) -> Normal {
        let (inputs, outputs) = (parts[0].inputs, parts[0].outputs)
        let weight = parts.reduce(0) { $0 + $1.weight }
        let share = weight > 0 ? 1 / weight : 0
        func mean(_ count: Int, _ value: (RegressionMoments, Int) -> Double) -> [Double] {
            (0..<count).map { index in centred ? parts.reduce(0) { $0 + value($1, index) } * share : 0 }
        }
        let means = mean(inputs) { $0.moments.sums[$1] }
        let targetMeans = mean(outputs) { $0.targetSums[$1] }
        let covariance = AlignedBuffer(doubles: inputs * inputs)
        let cross = AlignedBuffer(doubles: outputs * inputs)
        for part in parts {
            for row in 0..<inputs {
                for column in 0...row {
                    covariance.doubles[row * inputs + column] +=
                        Double(part.moments.gram.floats[row * inputs + column]) * share
                }
            }
            for index in 0..<outputs * inputs { cross.doubles[index] += Double(part.cross.floats[index]) * share }
        }
        var trace = 0.0
        for row in 0..<inputs {
            for column in 0...row { covariance.doubles[row * inputs + column] -= means[row] * means[column] }
            trace += max(0, covariance.doubles[row * inputs + row])
        }
        for row in 0..<outputs {
            for column in 0..<inputs { cross.doubles[row * inputs + column] -= targetMeans[row] * means[column] }
        }
        return Normal(
            inputs: inputs, outputs: outputs, covariance: covariance, cross: cross, means: means,
            targetMeans: targetMeans, meanVariance: inputs > 0 ? trace / Double(inputs) : 0)
    }
}

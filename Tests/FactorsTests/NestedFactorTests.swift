import Calibration
import Factors
import Kernels
import Testing

struct NestedFactorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var problem: Problem
        var ridge: Double
    }

    static let cases = [
        Case(
            testDescription: "channels",
            problem: Problem(tokens: 200, columns: 24, outputs: 10, unitSize: 1, hasBias: false), ridge: 0.01),
        Case(
            testDescription: "channels, own bias, no ridge",
            problem: Problem(tokens: 200, columns: 24, outputs: 10, unitSize: 1, hasBias: true, seed: 2), ridge: 0),
        Case(
            testDescription: "groups",
            problem: Problem(tokens: 150, columns: 24, outputs: 9, unitSize: 6, hasBias: true, seed: 3), ridge: 0.01),
        Case(
            testDescription: "one channel a thousand times larger",
            problem: Problem(
                tokens: 300, columns: 20, outputs: 8, unitSize: 1, hasBias: false, scales: [7: 1000], seed: 4),
            ridge: 1e-4),
        Case(
            testDescription: "one channel a thousand times larger, groups",
            problem: Problem(
                tokens: 300, columns: 20, outputs: 8, unitSize: 4, hasBias: false, scales: [7: 1000], seed: 5),
            ridge: 0.01),
        Case(
            testDescription: "one channel a thousand times smaller",
            problem: Problem(
                tokens: 300, columns: 20, outputs: 8, unitSize: 1, hasBias: false, scales: [3: 0.001], seed: 6),
            ridge: 0.01),
        Case(
            testDescription: "fewer tokens than channels",
            problem: Problem(tokens: 10, columns: 24, outputs: 6, unitSize: 1, hasBias: false, seed: 7), ridge: 0.01),
    ]

    private func factor(_ example: Case) throws -> NestedFactor {
        let problem = example.problem
        let order = WandaOrder().order(problem.projection, problem.moments)
        return try NestedFactor(problem.projection, problem.moments, order: order, ridge: example.ridge)
    }

    /// Each column of the refit and the bias to 1e-4 of its largest entry.
    @Test(arguments: cases)
    func everyLevelEqualsTheDirectSolution(_ example: Case) throws {
        expectDirectSolution(of: example.problem, ridge: example.ridge, in: try factor(example))
    }

    /// A token of weight 3 counts like three tokens.
    @Test(arguments: [1, 4], [0, 0.01])
    func weightsAreRepetitions(_ unitSize: Int, _ ridge: Double) throws {
        let problem = Problem(tokens: 90, columns: 24, outputs: 8, unitSize: unitSize, hasBias: true, seed: 8)
        var values = Values(9)
        let weights = (0..<problem.tokens).map { _ in Int(abs(values.next()) * 4) + 1 }
        #expect(Set(weights).isSuperset(of: 1...4))
        let moments = ActivationMoments(width: problem.columns)
        moments.add(problem.inputs, count: problem.tokens, weights: weights.map(Float.init))
        var repeated = problem
        repeated.tokens = weights.reduce(0, +)
        repeated.inputs = weights.enumerated().flatMap { token, weight in
            let row = problem.inputs[token * problem.columns..<(token + 1) * problem.columns]
            return (0..<weight).flatMap { _ in row }
        }
        let order = WandaOrder().order(problem.projection, moments)
        let factor = try NestedFactor(problem.projection, moments, order: order, ridge: ridge)
        expectDirectSolution(of: repeated, ridge: ridge, in: factor)
    }

    private func expectDirectSolution(of problem: Problem, ridge: Double, in factor: NestedFactor) {
        let (covariance, means) = (problem.covariance, problem.means)
        let shift = problem.shift(ridge, covariance)
        for units in 0...factor.units {
            let (weights, bias) = factor.refit(keeping: units)
            let kept = Array(factor.order.columns[..<(units * factor.unitSize)])
            let expected = problem.directFit(kept: kept, shift: shift, covariance: covariance, means: means)
            #expect(weights.count == problem.outputs * kept.count)
            for place in kept.indices {
                let rows = (0..<problem.outputs).map { $0 * kept.count + place }
                let largest = rows.map { abs(expected.weights[$0]) }.max() ?? 0
                let difference = rows.map { abs(Double(weights[$0]) - expected.weights[$0]) }.max() ?? 0
                #expect(difference <= 1e-4 * largest, "\(units) units, column \(place): \(difference) of \(largest)")
            }
            // The bias is what is left of sums of this size.
            let scale = (0..<problem.outputs).reduce(0.0) { largest, output in
                max(largest, means.indices.reduce(0.0) { $0 + abs(problem.weight(output, $1) * means[$1]) })
            }
            for output in bias.indices {
                #expect(abs(Double(bias[output]) - expected.bias[output]) <= 1e-4 * scale)
            }
        }
    }

    /// b_s = b + Wμ − W_s·μ_s: the mean output is kept at every level.
    @Test(arguments: cases)
    func biasKeepsTheMeanOutput(_ example: Case) throws {
        let problem = example.problem
        let factor = try factor(example)
        let means = problem.means
        for units in [0, 1, factor.units / 2, factor.units] {
            let (weights, bias) = factor.refit(keeping: units)
            let size = units * factor.unitSize
            for output in 0..<problem.outputs {
                var (dense, scale) = (Double(problem.projection.bias?[output] ?? 0), 1.0)
                for column in 0..<problem.columns {
                    dense += problem.weight(output, column) * means[column]
                    scale = max(scale, abs(means[column]))
                }
                var pruned = Double(bias[output])
                for place in 0..<size {
                    pruned += Double(weights[output * size + place]) * means[factor.order.columns[place]]
                }
                #expect(abs(dense - pruned) < 1e-5 * scale)
            }
        }
    }

    /// On the calibration tokens themselves; the closed form contains the ridge's share. It comes from float32 sums,
    /// hence the second tolerance.
    @Test(arguments: cases)
    func errorCurveIsTheMeasuredError(_ example: Case) throws {
        let problem = example.problem
        let factor = try factor(example)
        let shift = problem.shift(example.ridge, problem.covariance)
        let total = factor.error(keeping: 0)
        #expect(total > 0)
        for units in 0...factor.units {
            let (weights, bias) = factor.refit(keeping: units)
            let kept = Array(factor.order.columns[..<(units * factor.unitSize)])
            let measured =
                problem.measuredError(kept: kept, weights: weights, bias: bias)
                + shift * problem.squaredChange(kept: kept, weights: weights)
            let error = factor.error(keeping: units)
            #expect(abs(error - measured) <= 1e-4 * measured + 1e-7 * total, "\(units): \(error) and \(measured)")
        }
    }

    @Test(arguments: cases)
    func errorsFallToZero(_ example: Case) throws {
        let factor = try factor(example)
        let errors = factor.residualErrors
        // Unweighted tokens: the plain errors.
        #expect(errors == (0...factor.units).map { factor.error(keeping: $0) })
        #expect(errors[0] > 0 && errors.last == 0)
        #expect(zip(errors, errors.dropFirst()).allSatisfy { $0 >= $1 })
    }

    /// All units kept: the projection as it was, in the order of the factor.
    @Test(arguments: cases)
    func lastLevelIsTheWholeProjection(_ example: Case) throws {
        let problem = example.problem
        let factor = try factor(example)
        let (weights, _) = factor.refit(keeping: factor.units)
        for output in 0..<problem.outputs {
            for (place, column) in factor.order.columns.enumerated() {
                let difference = Double(weights[output * problem.columns + place]) - problem.weight(output, column)
                #expect(abs(difference) < 1e-4)
            }
        }
    }

    /// Inputs that never vary are all bias, whatever the float32 sums leave of their variance.
    @Test(arguments: [0, 0.1, 1, 3.3, 1234.567, -1e-3] as [Float], [1, 3, 7, 64, 1000])
    func constantInputsBecomeBias(_ value: Float, _ tokens: Int) throws {
        var problem = Problem(tokens: tokens, columns: 12, outputs: 5, unitSize: 3, hasBias: true)
        problem.inputs = (0..<tokens).flatMap { _ in (0..<12).map { value * (1 + Float($0) / 7) } }
        let order = WandaOrder().order(problem.projection, problem.moments)
        let factor = try NestedFactor(problem.projection, problem.moments, order: order, ridge: 0.01)
        for units in 0...factor.units {
            let (weights, bias) = factor.refit(keeping: units)
            let kept = Array(factor.order.columns[..<(units * 3)])
            let error = problem.measuredError(kept: kept, weights: weights, bias: bias)
            #expect(error <= 1e-8 * Double(max(1, value * value)))
            #expect(factor.error(keeping: units).isFinite)
        }
    }

    /// One constant input among varying ones, far from zero: its variance is lost in the float32 sums.
    @Test(arguments: [10, 1000, 30000] as [Float])
    func inputsFarFromZeroFactor(_ value: Float) throws {
        var problem = Problem(tokens: 50, columns: 8, outputs: 4, unitSize: 1, hasBias: false)
        for token in 0..<50 { problem.inputs[token * 8 + 2] = value }
        let factor = try NestedFactor(problem.projection, problem.moments, order: Array(0..<8), ridge: 0.01)
        for units in 0...8 {
            let (weights, bias) = factor.refit(keeping: units)
            #expect(weights.allSatisfy(\.isFinite) && bias.allSatisfy(\.isFinite))
        }
    }

    /// No calibration at all: nothing is known to depend on anything, and the kept weights stay.
    @Test func noTokensLeaveTheWeights() throws {
        let problem = Problem(tokens: 1, columns: 6, outputs: 2, unitSize: 1, hasBias: false)
        let factor = try NestedFactor(
            problem.projection, ActivationMoments(width: 6), order: Array(0..<6), ridge: 0.01)
        let (weights, bias) = factor.refit(keeping: 3)
        for output in 0..<2 {
            for column in 0..<3 {
                #expect(abs(Double(weights[output * 3 + column]) - problem.weight(output, column)) < 1e-6)
            }
        }
        #expect(bias == [0, 0])
    }

    @Test func degenerateMomentsWithoutRidgeAreAnError() throws {
        var problem = Problem(tokens: 4, columns: 6, outputs: 2, unitSize: 1, hasBias: false)
        problem.inputs = [Float](repeating: 0, count: 24)
        #expect(throws: KernelError.self) {
            _ = try NestedFactor(problem.projection, problem.moments, order: Array(0..<6), ridge: 0)
        }
    }
}

import Calibration
import Factors
import Testing

struct FLAPTests {
    /// FLAP's metric straight from its definition, in float64: variance by two passes, columns of heads squared,
    /// standardised with n − 1, averaged.
    private func expected(_ problem: Problem) -> [Double] {
        let (columns, size) = (problem.columns, problem.projection.unitSize)
        let means = problem.means
        var values = (0..<columns).map { column in
            let variance = (0..<problem.tokens).reduce(0.0) { sum, token in
                let difference = problem.input(token, column) - means[column]
                return sum + difference * difference
            }
            let norm = (0..<problem.outputs).reduce(0.0) {
                $0 + problem.weight($1, column) * problem.weight($1, column)
            }
            return variance / Double(problem.tokens) * norm
        }
        if size > 1 { values = values.map { $0 * $0 } }
        let mean = values.reduce(0, +) / Double(columns)
        let deviation = (values.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns - 1)).squareRoot()
        let standard = values.map { ($0 - mean) / deviation }
        return (0..<columns / size).map { unit in
            (0..<size).reduce(0.0) { $0 + standard[unit * size + $1] } / Double(size)
        }
    }

    @Test(arguments: [1, 4]) func scoresAreFLAPs(_ unitSize: Int) {
        let problem = Problem(
            tokens: 60, columns: 24, outputs: 7, unitSize: unitSize, hasBias: false, scales: [3: 5, 10: 0.1], seed: 31)
        let scores = FLAPOrder().scores(problem.projection, problem.moments)
        let expected = expected(problem)
        #expect(scores.count == 24 / unitSize)
        for (score, value) in zip(scores, expected) { #expect(abs(score - value) < 1e-6) }
        let order = FLAPOrder().order(problem.projection, problem.moments)
        #expect(order == expected.indices.sorted { (expected[$0], $1) > (expected[$1], $0) })
    }

    /// All tokens count alike, whatever they weigh in the calibration.
    @Test func weightsOfTokensDoNotMatter() {
        let problem = Problem(tokens: 20, columns: 6, outputs: 3, unitSize: 1, hasBias: false, seed: 32)
        let weighted = ActivationMoments(width: 6, keepsProducts: false)
        weighted.add(problem.inputs, count: 20, weights: (0..<20).map { 0.1 + Float($0) })
        let scores = FLAPOrder().scores(problem.projection, weighted)
        for (a, b) in zip(scores, FLAPOrder().scores(problem.projection, problem.moments)) {
            #expect(abs(a - b) < 1e-9)
        }
        #expect(weighted.mean(0) != problem.moments.mean(0))
        for column in 0..<6 { #expect(abs(weighted.plainMean(column) - problem.means[column]) < 1e-9) }
    }

    /// Constant inputs have no fluctuation, and where nothing has, all units are alike.
    @Test func constantInputsScoreNothing() {
        let moments = ActivationMoments(width: 3)
        moments.add([2, 3, 5, 2, 3, 5], count: 2)
        let projection = OutputProjection(weights: [1, 2, 3], outputs: 1, columns: 3, unitSize: 1)
        #expect(FLAPOrder().scores(projection, moments) == [0, 0, 0])
    }

    /// The compensated output has the mean of the dense one, and the kept columns are untouched.
    @Test(arguments: [true, false], [1, 3]) func biasMakesUpForTheMean(_ hasBias: Bool, _ unitSize: Int) throws {
        let problem = Problem(
            tokens: 50, columns: 12, outputs: 5, unitSize: unitSize, hasBias: hasBias, seed: 33)
        let moments = ActivationMoments(width: 12, keepsProducts: false)
        moments.add(problem.inputs, count: 50, weights: (0..<50).map { 1 + Float($0 % 7) })
        let plan = try SublayerPlan(
            problem.projection, moments, method: .compensated, ridge: 0, order: FLAPOrder())
        for units in 0...plan.order.count {
            let (weights, bias) = plan.projection(keeping: units)
            let kept = plan.order[..<units].flatMap { $0 * unitSize..<($0 + 1) * unitSize }
            let biases = try #require(bias)
            for output in 0..<5 {
                for (place, column) in kept.enumerated() {
                    #expect(Double(weights[output * kept.count + place]) == problem.weight(output, column))
                }
                var (dense, pruned) = (0.0, 0.0)
                for token in 0..<50 {
                    dense += Double(problem.projection.bias?[output] ?? 0)
                    pruned += Double(biases[output])
                    for column in 0..<12 { dense += problem.weight(output, column) * problem.input(token, column) }
                    for column in kept { pruned += problem.weight(output, column) * problem.input(token, column) }
                }
                #expect(abs(dense - pruned) / 50 < 1e-5)
            }
        }
    }

    /// A sublayer that is removed takes its bias with it; one that only lost all its columns does not.
    @Test func removalLeavesNothing() throws {
        let problem = Problem(tokens: 5, columns: 4, outputs: 2, unitSize: 2, hasBias: true, seed: 34)
        let removal = try SublayerPlan(problem.projection, problem.moments, method: .removal, ridge: 0)
        #expect(removal.order == [0, 1])
        #expect(removal.projection(keeping: 0).bias == [0, 0])
        #expect(removal.projection(keeping: 0).weights.isEmpty)
        #expect(removal.projection(keeping: 1).bias == problem.projection.bias)
        #expect(removal.projection(keeping: 2).weights == problem.projection.weights)
        let plain = try SublayerPlan(problem.projection, problem.moments, method: .plain, ridge: 0)
        #expect(plain.projection(keeping: 0).bias == problem.projection.bias)
        var unbiased = problem.projection
        unbiased.bias = nil
        let bare = try SublayerPlan(unbiased, problem.moments, method: .removal, ridge: 0)
        #expect(bare.projection(keeping: 0).bias == nil)
    }

    /// Without products everything else is the same.
    @Test func productsCanBeLeftOut() {
        let problem = Problem(tokens: 30, columns: 8, outputs: 3, unitSize: 1, hasBias: false, seed: 35)
        let lean = ActivationMoments(width: 8, keepsProducts: false)
        lean.add(problem.inputs, count: 30)
        let whole = problem.moments
        #expect(lean.tokens == whole.tokens && lean.sums == whole.sums && lean.squares == whole.squares)
        #expect(lean.gram.byteCount == 0 && whole.gram.byteCount > 0)
        #expect(WandaOrder().order(problem.projection, lean) == WandaOrder().order(problem.projection, whole))
        for column in 0..<8 {
            #expect(abs(lean.plainVariance(column) - whole.covariance(column, column)) < 1e-5)
        }
    }
}

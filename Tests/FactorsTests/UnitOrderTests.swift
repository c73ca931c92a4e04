import Calibration
import Factors
import Testing

struct UnitOrderTests {
    /// Σ_row Σ_column |W|·‖X_column‖ of each unit, token by token in float64.
    private func scores(_ problem: Problem) -> [Double] {
        let size = problem.projection.unitSize
        return (0..<problem.projection.units).map { unit in
            var score = 0.0
            for column in unit * size..<(unit + 1) * size {
                let norm = (0..<problem.tokens).reduce(0.0) {
                    $0 + problem.input($1, column) * problem.input($1, column)
                }
                for row in 0..<problem.outputs { score += abs(problem.weight(row, column)) * norm.squareRoot() }
            }
            return score
        }
    }

    @Test(arguments: [1, 4, 8])
    func scoresEqualTheDefinition(_ unitSize: Int) {
        let problem = Problem(
            tokens: 90, columns: 24, outputs: 7, unitSize: unitSize, hasBias: false, scales: [5: 30, 9: 0.01])
        let expected = scores(problem)
        let measured = WandaOrder().scores(problem.projection, problem.moments)
        #expect(measured.count == 24 / unitSize)
        #expect(zip(measured, expected).allSatisfy { abs($0 - $1) <= 1e-5 * $1 })
    }

    @Test(arguments: [1, 4, 8])
    func orderIsAPermutationFromMostToLeastImportant(_ unitSize: Int) {
        let problem = Problem(tokens: 90, columns: 24, outputs: 7, unitSize: unitSize, hasBias: false, seed: 8)
        let (order, scores) = (WandaOrder().order(problem.projection, problem.moments), scores(problem))
        #expect(order.sorted() == Array(0..<24 / unitSize))
        #expect(zip(order, order.dropFirst()).allSatisfy { scores[$0] >= scores[$1] })
    }

    @Test func tiesGoByIndex() {
        let projection = OutputProjection(
            weights: [1, 2, 1, 2, 1], outputs: 1, columns: 5, unitSize: 1)
        let moments = ActivationMoments(width: 5)
        moments.add([1, 1, 1, 1, 1], count: 1)
        #expect(WandaOrder().order(projection, moments) == [1, 3, 0, 2, 4])
    }

    /// Wanda-sp as published takes the columns as they are.
    @Test func plainPlanCopiesColumns() throws {
        let problem = Problem(tokens: 40, columns: 12, outputs: 3, unitSize: 3, hasBias: true, seed: 9)
        let plan = try SublayerPlan(problem.projection, problem.moments, method: .plain, ridge: 0.01)
        #expect(plan.residualErrors == nil)
        for units in 0...4 {
            let (weights, bias) = plan.projection(keeping: units)
            let columns = plan.order[..<units].flatMap { [$0 * 3, $0 * 3 + 1, $0 * 3 + 2] }
            #expect(bias == problem.projection.bias)
            #expect(weights == (0..<3).flatMap { row in columns.map { problem.projection.weights[row * 12 + $0] } })
        }
    }

    /// In units of the residual stream: scaled by the mean weight of a token.
    @Test func refittedPlanStatesItsErrors() throws {
        let problem = Problem(tokens: 40, columns: 12, outputs: 3, unitSize: 3, hasBias: false, seed: 10)
        let moments = ActivationMoments(width: 12)
        moments.add(problem.inputs, count: 40, weights: [Float](repeating: 0.25, count: 40))
        let plan = try SublayerPlan(problem.projection, problem.moments, method: .nested, ridge: 0.01)
        let weighted = try SublayerPlan(problem.projection, moments, method: .nested, ridge: 0.01)
        let (errors, scaled) = (try #require(plan.residualErrors), try #require(weighted.residualErrors))
        #expect(errors.count == 5 && scaled.count == 5)
        for (error, quarter) in zip(errors, scaled) { #expect(abs(error / 4 - quarter) <= 1e-6 * errors[0]) }
    }
}

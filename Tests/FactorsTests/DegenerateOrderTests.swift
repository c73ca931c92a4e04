import Calibration
import Factors
import Testing

/// Whatever it is given, an order is a permutation.
struct DegenerateOrderTests {
    static let orders: [any UnitOrder] = [
        SurgeonOrder(ridge: 0.01), SurgeonOrder(ridge: 0), ForwardOrder(ridge: 0.01), ForwardOrder(ridge: 0),
        AutomaticOrder(ridge: 0.01), FluctuationOrder(), MagnitudeOrder(), WandaOrder(), RandomOrder(seed: 1),
    ]

    private func problem(_ unitSize: Int) -> Problem {
        Problem(tokens: 30, columns: 24, outputs: 5, unitSize: unitSize, hasBias: false, seed: 81)
    }

    private func expectPermutations(_ projection: OutputProjection, _ moments: ActivationMoments) {
        for order in Self.orders {
            let units = order.order(projection, moments)
            #expect(units.sorted() == Array(0..<projection.units), "\(order)")
        }
    }

    @Test(arguments: [1, 6, 24])
    func anOrderIsAPermutation(_ unitSize: Int) {
        let problem = problem(unitSize)
        expectPermutations(problem.projection, problem.moments)
    }

    @Test(arguments: [1, 6], [Float.nan, .infinity, -.infinity, 1e30, 1e-30, 0])
    func anyInputs(_ unitSize: Int, _ value: Float) {
        for stride in [1, 7, 24] {
            var problem = problem(unitSize)
            for index in Swift.stride(from: 3, to: problem.inputs.count, by: stride) { problem.inputs[index] = value }
            expectPermutations(problem.projection, problem.moments)
        }
    }

    @Test(arguments: [1, 6], [Float.nan, .infinity, -.infinity, 1e30, 1e-30, 0])
    func anyWeights(_ unitSize: Int, _ value: Float) {
        for stride in [1, 7, 24] {
            var problem = problem(unitSize)
            let count = problem.projection.weights.count
            for index in Swift.stride(from: 3, to: count, by: stride) { problem.projection.weights[index] = value }
            expectPermutations(problem.projection, problem.moments)
        }
    }

    /// A channel with weights that are not numbers is the last one, and the others keep their order among themselves.
    @Test func aBadColumnGoesFirstAndLeavesNoTrace() {
        var problem = Problem(tokens: 30, columns: 12, outputs: 5, unitSize: 1, hasBias: false, seed: 82)
        // Independent of all others: its removal changes nothing for them.
        let inputs = problem.inputs
        for token in 0..<30 {
            for column in 0..<12 { problem.inputs[token * 12 + column] = inputs[token % 15 * 12 + column] }
            problem.inputs[token * 12 + 5] = token < 15 ? 1 : -1
        }
        let clean = SurgeonOrder(ridge: 0.01).order(problem.projection, problem.moments).filter { $0 != 5 }
        for row in 0..<5 { problem.projection.weights[row * 12 + 5] = .nan }
        #expect(SurgeonOrder(ridge: 0.01).order(problem.projection, problem.moments) == clean + [5])
        #expect(FluctuationOrder().order(problem.projection, problem.moments).last == 5)
    }

    /// Nothing is known of the inputs: the largest weights matter most, to every order by error.
    @Test(arguments: [1, 4])
    func noTokensLeaveTheMagnitudes(_ unitSize: Int) {
        let problem = Problem(tokens: 1, columns: 16, outputs: 6, unitSize: unitSize, hasBias: false, seed: 83)
        let moments = ActivationMoments(width: 16)
        let norms = (0..<16 / unitSize).map { unit in
            (unit * unitSize..<(unit + 1) * unitSize).reduce(0.0) { sum, column in
                (0..<6).reduce(sum) { $0 + problem.weight($1, column) * problem.weight($1, column) }
            }
        }
        let expected = norms.indices.sorted { norms[$0] > norms[$1] }
        #expect(SurgeonOrder(ridge: 0.01).order(problem.projection, moments) == expected)
        #expect(ForwardOrder(ridge: 0.01).order(problem.projection, moments) == expected)
    }

    @Test(arguments: [1, 3])
    func tiesGoByIndex(_ unitSize: Int) {
        var problem = Problem(tokens: 40, columns: 12, outputs: 4, unitSize: unitSize, hasBias: false, seed: 84)
        problem.projection.weights = [Float](repeating: 0, count: 48)
        for order in [SurgeonOrder(ridge: 0.01), ForwardOrder(ridge: 0.01), FluctuationOrder()] as [any UnitOrder] {
            #expect(order.order(problem.projection, problem.moments) == Array(0..<12 / unitSize), "\(order)")
        }
    }

    @Test func noUnitsAreNoOrder() {
        let projection = OutputProjection(weights: [], outputs: 3, columns: 0, unitSize: 1)
        for order in Self.orders { #expect(order.order(projection, ActivationMoments(width: 0)) == []) }
    }
}

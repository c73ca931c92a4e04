import Calibration
import Factors
import Testing

/// Backward elimination and forward selection against their definitions.
struct GreedyOrderTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var problem: Problem
        var ridge: Double
    }

    private static func example(
        _ name: String, tokens: Int = 60, columns: Int = 12, outputs: Int = 7, unitSize: Int = 1,
        scales: [Int: Float] = [:], seed: UInt64, ridge: Double = 0.01
    ) -> Case {
        let problem = Problem(
            tokens: tokens, columns: columns, outputs: outputs, unitSize: unitSize, hasBias: false, scales: scales,
            seed: seed)
        return Case(testDescription: "\(name), seed \(seed)", problem: problem, ridge: ridge)
    }

    static let cases: [Case] = {
        var cases: [Case] = []
        for seed in UInt64(1)...5 { cases.append(example("channels", seed: seed)) }
        for seed in UInt64(11)...14 { cases.append(example("pairs", unitSize: 2, seed: seed)) }
        for seed in UInt64(21)...24 { cases.append(example("groups of three", unitSize: 3, seed: seed)) }
        return cases + [
            example("groups of four, one output", outputs: 1, unitSize: 4, seed: 31),
            example("channels, one output", outputs: 1, seed: 32),
            example("channels, many outputs", columns: 9, outputs: 20, seed: 33),
            example("no ridge", seed: 34, ridge: 0),
            example("a large ridge", seed: 35, ridge: 10),
            example("fewer tokens than channels", tokens: 5, seed: 36),
            example("fewer tokens than channels, groups", tokens: 5, unitSize: 3, seed: 37),
            example("one channel a thousand times larger", scales: [7: 1000], seed: 38, ridge: 1e-4),
            example("one channel a thousand times larger, groups", unitSize: 3, scales: [7: 1000], seed: 39),
            example("one channel a thousand times smaller", scales: [3: 0.001], seed: 40),
            example("a dead channel", scales: [4: 0], seed: 41),
            example("a dead channel in a group", unitSize: 2, scales: [4: 0], seed: 42),
            example("a dead group", unitSize: 2, scales: [4: 0, 5: 0], seed: 43),
        ]
    }()

    @Test(arguments: cases)
    func surgeonTakesTheLeastErrorEveryTime(_ example: Case) {
        let problem = example.problem
        let expected = problem.backwardOrder(ridge: example.ridge)
        for panel in [1, 5, 64] {
            let order = SurgeonOrder(ridge: example.ridge, panel: panel).order(problem.projection, problem.moments)
            #expect(order == expected, "panels of \(panel)")
        }
    }

    @Test(arguments: cases)
    func forwardTakesTheLeastErrorEveryTime(_ example: Case) {
        let problem = example.problem
        let expected = problem.forwardOrder(ridge: example.ridge)
        for panel in [1, 5, 64] {
            let order = ForwardOrder(ridge: example.ridge, panel: panel).order(problem.projection, problem.moments)
            #expect(order == expected, "panels of \(panel)")
        }
    }

    static let large = Problem(tokens: 500, columns: 203, outputs: 40, unitSize: 1, hasBias: false, seed: 51)

    @Test(arguments: [1, 7, 64, 1000])
    func panelsLeaveTheSurgeonsSequence(_ panel: Int) {
        let problem = Self.large
        let expected = problem.unblockedBackwardOrder(ridge: 0.01)
        #expect(SurgeonOrder(ridge: 0.01, panel: panel).order(problem.projection, problem.moments) == expected)
    }

    @Test(arguments: [1, 7, 64, 1000])
    func panelsLeaveTheForwardSequence(_ panel: Int) {
        let problem = Self.large
        let expected = problem.unblockedForwardOrder(ridge: 0.01)
        #expect(ForwardOrder(ridge: 0.01, panel: panel).order(problem.projection, problem.moments) == expected)
    }

    /// What the order is for: at half of the units the refit is closer than with Wanda's order.
    @Test(arguments: [1, 4], [61, 62, 63, 64] as [UInt64])
    func surgeonBeatsWandaAtHalf(_ unitSize: Int, _ seed: UInt64) throws {
        let problem = Problem(
            tokens: 400, columns: 64, outputs: 16, unitSize: unitSize, hasBias: false, scales: [9: 20, 30: 5],
            seed: seed)
        let (projection, moments) = (problem.projection, problem.moments)
        func error(_ order: any UnitOrder) throws -> Double {
            let factor = try NestedFactor(
                projection, moments, order: order.order(projection, moments), ridge: 0.01)
            return factor.error(keeping: projection.units / 2)
        }
        let wanda = try error(WandaOrder())
        #expect(try error(SurgeonOrder(ridge: 0.01)) <= wanda)
        #expect(try error(ForwardOrder(ridge: 0.01)) <= wanda)
    }

    /// The weight of tokens counts, its unit does not.
    @Test func weightsOfTokensCount() {
        let problem = Problem(tokens: 60, columns: 12, outputs: 6, unitSize: 1, hasBias: false, seed: 71)
        let plain = SurgeonOrder(ridge: 0.01).order(problem.projection, problem.moments)
        let quarters = ActivationMoments(width: 12)
        quarters.add(problem.inputs, count: 60, weights: [Float](repeating: 0.25, count: 60))
        #expect(SurgeonOrder(ridge: 0.01).order(problem.projection, quarters) == plain)
        // Only the first thirty tokens.
        let halves = ActivationMoments(width: 12)
        halves.add(problem.inputs, count: 60, weights: (0..<60).map { Float($0 < 30 ? 1 : 0) })
        var shorter = problem
        shorter.inputs = Array(problem.inputs[..<(30 * 12)])
        shorter.tokens = 30
        #expect(SurgeonOrder(ridge: 0.01).order(problem.projection, halves) == shorter.backwardOrder(ridge: 0.01))
        #expect(ForwardOrder(ridge: 0.01).order(problem.projection, halves) == shorter.forwardOrder(ridge: 0.01))
    }
}

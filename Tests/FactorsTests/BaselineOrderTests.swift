import Calibration
import Factors
import Testing

struct BaselineOrderTests {
    /// Values by hand: variances 1, 0, 4, 1 and squared norms of columns 4, 100, ½, 9.
    private func example(unitSize: Int) -> (OutputProjection, ActivationMoments) {
        let projection = OutputProjection(
            weights: [2, 6, 0.5, 0, 0, 8, 0.5, 3], outputs: 2, columns: 4, unitSize: unitSize)
        let moments = ActivationMoments(width: 4)
        moments.add([1, 10, 0, -1, 3, 10, 4, 1], count: 2)
        return (projection, moments)
    }

    @Test func fluctuationIsVarianceTimesSquaredNorm() {
        let (channels, moments) = example(unitSize: 1)
        #expect(FluctuationOrder().scores(channels, moments) == [4, 0, 2, 9])
        #expect(FluctuationOrder().order(channels, moments) == [3, 0, 2, 1])
        // A constant input is all bias, however large.
        #expect(WandaOrder().order(channels, moments).first == 1)
        let (pairs, _) = example(unitSize: 2)
        #expect(FluctuationOrder().scores(pairs, moments) == [4, 11])
        #expect(FluctuationOrder().columnScores(pairs, moments) == [4, 0, 2, 9])
        #expect(FluctuationOrder().order(pairs, moments) == [1, 0])
    }

    @Test func fluctuationWeighsTokens() {
        let (projection, _) = example(unitSize: 1)
        let moments = ActivationMoments(width: 4)
        // The third token does not count.
        moments.add([1, 10, 0, -1, 3, 10, 4, 1, 50, 50, 50, 50], count: 3, weights: [1, 1, 0])
        #expect(FluctuationOrder().scores(projection, moments) == [4, 0, 2, 9])
    }

    /// Norms of columns 5, 0, 3, 3: a sum of norms, not the norm of the whole unit.
    @Test func magnitudeIsTheSumOfColumnNorms() {
        var projection = OutputProjection(weights: [3, 0, 3, 0, 4, 0, 0, 3], outputs: 2, columns: 4, unitSize: 1)
        let moments = ActivationMoments(width: 4)
        #expect(MagnitudeOrder().scores(projection, moments) == [5, 0, 3, 3])
        #expect(MagnitudeOrder().order(projection, moments) == [0, 2, 3, 1])
        projection.unitSize = 2
        #expect(MagnitudeOrder().scores(projection, moments) == [5, 6])
        #expect(MagnitudeOrder().order(projection, moments) == [1, 0])
    }

    private func projection(_ seed: UInt64) -> OutputProjection {
        Problem(tokens: 1, columns: 40, outputs: 3, unitSize: 1, hasBias: false, seed: seed).projection
    }

    @Test func randomOrderIsOfItsSeedAndSublayer() {
        let moments = ActivationMoments(width: 40)
        let order = RandomOrder(seed: 7).order(projection(91), moments)
        #expect(order == RandomOrder(seed: 7).order(projection(91), moments))
        #expect(order != RandomOrder(seed: 8).order(projection(91), moments))
        #expect(order != RandomOrder(seed: 7).order(projection(92), moments))
        // The same on every machine and in every version.
        let small = Problem(tokens: 1, columns: 8, outputs: 3, unitSize: 1, hasBias: false, seed: 91).projection
        #expect(RandomOrder(seed: 7).order(small, ActivationMoments(width: 8)) == [6, 4, 3, 2, 1, 7, 0, 5])
    }

    /// Each of four units comes first in about a quarter of all seeds: 1000 ± five standard deviations.
    @Test func randomOrderIsUniform() {
        let projection = OutputProjection(weights: [1, 2, 3, 4], outputs: 1, columns: 4, unitSize: 1)
        let moments = ActivationMoments(width: 4)
        var counts = [Int: [Int]]()
        for seed in 0..<4000 {
            for (place, unit) in RandomOrder(seed: UInt64(seed)).order(projection, moments).enumerated() {
                counts[place, default: [0, 0, 0, 0]][unit] += 1
            }
        }
        for place in 0..<4 { #expect(counts[place]?.allSatisfy { abs($0 - 1000) < 137 } == true) }
    }

    @Test func automaticOrderGoesBySize() {
        let problem = Problem(tokens: 80, columns: 24, outputs: 6, unitSize: 1, hasBias: false, seed: 93)
        let (projection, moments) = (problem.projection, problem.moments)
        let surgeon = SurgeonOrder(ridge: 0.1).order(projection, moments)
        let fluctuation = FluctuationOrder().order(projection, moments)
        #expect(surgeon != fluctuation)
        #expect(AutomaticOrder(ridge: 0.1).order(projection, moments) == surgeon)
        #expect(AutomaticOrder(ridge: 0.1, largestColumns: 24).order(projection, moments) == surgeon)
        #expect(AutomaticOrder(ridge: 0.1, largestColumns: 23).order(projection, moments) == fluctuation)
    }

    /// The plan takes the order that it is given.
    @Test(arguments: PruningMethod.allCases.filter { $0 != .removal })
    func planTakesAnOrder(_ method: PruningMethod) throws {
        let problem = Problem(tokens: 80, columns: 24, outputs: 6, unitSize: 1, hasBias: false, seed: 94)
        let (projection, moments) = (problem.projection, problem.moments)
        let plain = try SublayerPlan(projection, moments, method: method, ridge: 0.01)
        #expect(plain.order == WandaOrder().order(projection, moments))
        let given = try SublayerPlan(
            projection, moments, method: method, ridge: 0.01, order: SurgeonOrder(ridge: 0.01))
        #expect(given.order == SurgeonOrder(ridge: 0.01).order(projection, moments))
        #expect(given.order != plain.order)
    }
}

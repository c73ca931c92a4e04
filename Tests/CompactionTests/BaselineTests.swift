import Calibration
import Compaction
import Evaluation
import Factors
import Kernels
import Models
import Search
import Testing

struct BaselineTests {
    // MARK: OWL

    /// Shares of outliers from the definition: every weight times the norm of its input, in float64.
    @Test(arguments: Fixture.allCases)
    func outliersAreWandaScoresFarAboveTheMean(_ fixture: Fixture) throws {
        let prepared = try Prepared(fixture, .plain)
        let windows = Prepared.calibrationWindows
        let calibration = try Calibration(prepared.model, windows, in: prepared.workspace, keepsProducts: false)
        let stream = try StreamSquares(prepared.model, windows, in: prepared.workspace)
        let dense = prepared.plan.dense
        for threshold in [2.0, 3] {
            let found = OutlierDistribution(dense, calibration, stream, threshold: threshold)
            #expect(Set(found.shares).count == found.shares.count)
            for block in dense.attention.indices {
                let (attention, mlp) = (dense.attention[block], dense.mlp[block])
                func normed(_ squares: [Double], _ norm: [Float]) -> [Double] {
                    squares.indices.map { squares[$0].squareRoot() * abs(Double(norm[$0])) }
                }
                let before = normed(stream.attention[block], attention.norm)
                let behind = normed(stream.mlp[block], mlp.norm)
                let mixed = try #require(calibration.attention[block]).squares.map { $0.squareRoot() }
                let channels = try #require(calibration.mlp[block]).squares.map { $0.squareRoot() }
                var scores: [Double] = []
                for (weights, norms) in [
                    (attention.query, before), (attention.key, before), (attention.value, before),
                    (attention.output, mixed), (mlp.gate, behind), (mlp.up, behind), (mlp.down, channels),
                ] {
                    scores += weights.indices.map { Double(abs(weights[$0])) * norms[$0 % norms.count] }
                }
                let mean = scores.reduce(0, +) / Double(scores.count)
                let share = Double(scores.count { $0 > threshold * mean }) / Double(scores.count)
                #expect(abs(found.shares[block] - share) < 1e-12)
                #expect(share > 0 && share < 0.5)
            }
        }
    }

    @Test func blocksWithOutliersKeepMore() {
        let kept = OutlierDistribution(shares: [0.01, 0.03, 0.02]).keptFractions(rate: 0.3, spread: 0.08)
        for (value, expected) in zip(kept, [0.62, 0.78, 0.70]) { #expect(abs(value - expected) < 1e-12) }
        let uneven = OutlierDistribution(shares: [0, 0, 0, 1]).keptFractions(rate: 0.5, spread: 0.1)
        for (value, expected) in zip(uneven, [0.45, 0.45, 0.45, 0.65]) { #expect(abs(value - expected) < 1e-12) }
        #expect(OutlierDistribution(shares: [0.1, 0.1]).keptFractions(rate: 0.25) == [0.75, 0.75])
        #expect(OutlierDistribution(shares: [0, 1]).keptFractions(rate: 0.95, spread: 0.2) == [0, 0.25])
        #expect(OutlierDistribution(shares: []).keptFractions(rate: 0.5).isEmpty)
    }

    // MARK: Blocks

    private func blocksGone(_ candidate: Candidate) -> [Int] {
        stride(from: 0, to: candidate.levels.count, by: 2).filter {
            candidate.levels[$0] == 0 && candidate.levels[$0 + 1] == 0
        }.map { $0 / 2 }
    }

    /// The fewest blocks that reach the budget go, those with the lowest scores.
    @Test func lowestInfluenceGoesFirst() throws {
        let prepared = try Prepared(.untied, .removal)
        let space = prepared.space
        let block = space.fullParameters / 3
        func gone(_ kept: Int, _ scores: [Double]) throws -> [Int] {
            let removal = BlockRemoval(space, Budget(maximumParameters: kept))
            let candidate = try removal.candidate(byScores: scores)
            for (level, sublayer) in zip(candidate.levels, space.sublayers) {
                #expect(level == 0 || level == sublayer.fullLevel)
            }
            return blocksGone(candidate)
        }
        #expect(try gone(.max, [3, 1, 2]) == [])
        #expect(try gone(space.fullParameters - 2, [3, 1, 2]) == [1])
        // A count that rounding missed by one is no reason for one block more.
        #expect(try gone(2 * block - 1, [3, 1, 2]) == [1])
        #expect(try gone(2 * block - 2, [3, 1, 2]) == [1, 2])
        #expect(try gone(0, [3, 1, 2]) == [0, 1, 2])
        #expect(try gone(2 * block, [5, 5, 5]) == [0])
        #expect(try gone(2 * block, [.nan, 7, .infinity]) == [1])
        #expect(BlockRemoval(space, Budget(maximumParameters: 2 * block)).evaluations == 3)
        #expect(BlockRemoval(space, Budget(maximumParameters: block)).evaluations == 5)
        #expect(BlockRemoval(space, Budget(maximumParameters: .max)).evaluations == 0)
    }

    /// Against the definition: every block alone out, by a forward pass of its own, the best one out for good, again.
    @Test(arguments: [Fixture.tied, .untied, .biases], FitnessMode.allCases)
    func eliminationIsGreedy(_ fixture: Fixture, _ mode: FitnessMode) throws {
        let prepared = try Prepared(fixture, .removal)
        let (space, blocks) = (prepared.space, prepared.model.attention.count)
        let text = try FitnessText(
            Fixture.windows([40, 20, 50], seed: 9), mode: mode, dense: prepared.model, in: prepared.workspace)
        for removed in 1...blocks {
            // The blocks are alike, so that this many have to go.
            var gone = space.full
            for index in 0..<2 * removed { gone.levels[index] = 0 }
            let budget = Budget(maximumParameters: try space.parameters(of: gone))
            var expected = Set<Int>()
            while expected.count < removed {
                let scores = try (0..<blocks).filter { !expected.contains($0) }.map { block in
                    var model = prepared.model
                    for gone in expected.union([block]) {
                        model.attention[gone] = try AttentionSublayer(
                            prepared.plan.dense.attention[gone].keeping(groups: [], heads: [], output: [], bias: nil),
                            precision: .float32)
                        model.mlp[gone] = try MLPSublayer(
                            prepared.plan.dense.mlp[gone].keeping(channels: [], down: [], bias: nil),
                            precision: .float32)
                    }
                    return (try text.score(model, in: prepared.workspace), block)
                }
                expected.insert(try #require(scores.min { $0 < $1 }).1)
            }
            let evaluator = CandidateEvaluator(
                rungs: [text],
                models: CandidateModels(
                    plan: prepared.plan, dense: prepared.model, space: space, memoryLimit: .max),
                dense: prepared.model, space: space, workspace: prepared.workspace,
                memory: EvaluationMemory(sublayers: .max, walking: .max, kept: .max))
            let removal = BlockRemoval(space, budget)
            var steps: [Int] = []
            let candidate = try removal.eliminate(evaluator, progress: { steps.append($0) })
            #expect(blocksGone(candidate) == expected.sorted())
            #expect(steps == Array(1...removal.evaluations))
        }
    }

    @Test func eliminationCanBeCancelled() throws {
        let prepared = try Prepared(.untied, .removal)
        let text = try FitnessText(
            Fixture.windows([20], seed: 9), mode: .perplexity, dense: prepared.model, in: prepared.workspace)
        let evaluator = CandidateEvaluator(
            rungs: [text],
            models: CandidateModels(
                plan: prepared.plan, dense: prepared.model, space: prepared.space, memoryLimit: .max),
            dense: prepared.model, space: prepared.space, workspace: prepared.workspace,
            memory: EvaluationMemory(sublayers: .max, walking: .max, kept: 0))
        #expect(throws: CancellationError.self) {
            _ = try BlockRemoval(prepared.space, Budget(maximumParameters: 0)).eliminate(
                evaluator, isCancelled: { true })
        }
    }

    // MARK: FLAP

    /// Scores come in the plan's order, so that a level keeps what scores most.
    @Test(arguments: [Fixture.untied, .multiHead, .biases])
    func scoresFollowThePlan(_ fixture: Fixture) throws {
        let checkpoint = try fixture.checkpoint()
        let prepared = try Prepared(fixture, .plain)
        let calibration = try Calibration(
            prepared.model, Prepared.calibrationWindows, in: prepared.workspace, keepsProducts: false)
        let plan = try PruningPlan(
            DenseBlocks(checkpoint), calibration, method: .compensated, ridge: 0, order: FLAPOrder())
        let scores = plan.scores(FLAPOrder(), calibration, in: prepared.space)
        for (sublayer, values) in zip(prepared.space.sublayers, scores) {
            #expect(values.count == sublayer.units.last)
            #expect(zip(values, values.dropFirst()).allSatisfy { $0 >= $1 })
            // Standardised over columns: the mean over the units is 0.
            #expect(abs(values.reduce(0, +)) < 1e-9 * Double(values.count + 1000))
        }
    }
}

import Testing

@testable import Search

@Suite struct SeedTests {
    @Test(arguments: SearchSpace.Granularity.allCases) func uniformIsUniform(
        granularity: SearchSpace.Granularity
    ) throws {
        let space = try smolLM2(granularity: granularity)
        let budget = try Budget(rate: 0.3, of: space)
        let seeds = try UniformSeed().seeds(in: space, budget: budget)
        let candidate = try space.repair(try #require(seeds.first).levels, to: budget)
        for (sublayer, rate) in zip(space.sublayers, try space.rates(of: candidate)) {
            #expect(abs(rate - 0.3) <= (sublayer.kind == .attention ? 0.34 : 0.1))
        }
    }

    @Test func slopesRiseWithDepth() throws {
        let space = try smolLM2()
        let budget = try Budget(rate: 0.5, of: space)
        for seed in try SlopeSeeds(slopes: [0.3, 0.6, 1]).seeds(in: space, budget: budget) {
            let levels = try space.repair(seed.levels, to: budget).levels
            let mlps = stride(from: 1, to: 60, by: 2).map { levels[$0] }
            #expect(zip(mlps, mlps.dropFirst()).allSatisfy { $0 >= $1 - 1 })
            #expect(mlps[0] - mlps[29] >= 6)
        }
    }

    /// Convex decreasing curves, steps of equal size: the greedy method must find what brute force finds.
    @Test(arguments: [1.0, 2.0]) func errorCurvesFindTheOptimum(exponent: Double) throws {
        var generator = SeededGenerator(seed: 21)
        for _ in 0..<100 {
            let space = try evenSpace(sublayers: 4, levels: 4)
            let budget = Budget(maximumParameters: generator.uniform(below: 17))
            let errors = space.sublayers.map { _ in convexCurve(levels: 4, &generator) }
            try expectOptimum(space, budget, errors, exponent)
        }
    }

    /// Steps of unequal size make it a knapsack: nearly the optimum still.
    @Test func errorCurvesComeCloseWithUnequalSteps() throws {
        var generator = SeededGenerator(seed: 22)
        for _ in 0..<100 {
            let space = try smolLM2(blocks: 2).coarse()
            let budget = Budget(maximumParameters: generator.uniform(below: space.fullParameters + 1))
            let errors = space.sublayers.map { convexCurve(levels: $0.fullLevel, &generator) }
            try expectOptimum(space, budget, errors, 1, tolerance: 0.15)
        }
    }

    private func expectOptimum(
        _ space: SearchSpace, _ budget: Budget, _ errors: [[Double]], _ exponent: Double, tolerance: Double = 1e-12
    ) throws {
        func cost(_ levels: [Int]) -> Double {
            zip(errors, levels).reduce(0) { sum, item in
                let error = item.0[item.1]
                return sum + (exponent == 1 ? error : error * error)
            }
        }
        let seeds = try ErrorCurveSeeds(errors: errors, exponents: [exponent], blends: [1])
            .seeds(in: space, budget: budget)
        let candidate = try space.repair(try #require(seeds.first).levels, to: budget)
        #expect(candidate.levels == seeds[0].levels)
        let best = allHolding(space, budget).map { cost(space.candidate(genes: $0).levels) }.min() ?? 0
        #expect(cost(candidate.levels) <= best * (1 + tolerance) + 1e-12)
    }

    private func convexCurve(levels: Int, _ generator: inout SeededGenerator) -> [Double] {
        let drops = (0..<levels).map { _ in generator.uniform01() }.sorted(by: >)
        let total = drops.reduce(0, +)
        var curve = [1.0]
        for drop in drops { curve.append(max(curve[curve.count - 1] - drop / total, 0)) }
        curve[levels] = 0
        return curve
    }

    @Test(arguments: SearchSpace.Granularity.allCases) func variantsAreManyAndBlendsLieBetween(
        granularity: SearchSpace.Granularity
    ) throws {
        var generator = SeededGenerator(seed: 23)
        let space = try smolLM2(granularity: granularity)
        let budget = try Budget(rate: 0.3, of: space)
        let errors = space.sublayers.enumerated().map { index, sublayer in
            convexCurve(levels: sublayer.fullLevel, &generator).map { $0 * Double(1 + index % 5) / 5 }
        }
        let seeds = try ErrorCurveSeeds(errors: errors, exponents: [1, 2], blends: [1, 0.5, 0])
            .seeds(in: space, budget: budget)
        #expect(seeds.count == 6)
        let uniform = try space.repair(
            space.candidate(genes: space.uniformGenes(budget: budget)), to: budget)
        #expect(try space.repair(seeds[2].levels, to: budget) == uniform)
        func distance(_ levels: [Int]) throws -> Double {
            zip(try space.rates(of: space.repair(levels, to: budget)), try space.rates(of: uniform))
                .reduce(0) { $0 + abs($1.0 - $1.1) }
        }
        #expect(try distance(seeds[1].levels) < distance(seeds[0].levels))
        #expect(try distance(seeds[3].levels) < distance(seeds[0].levels))
    }

    @Test func badCurvesAreErrors() throws {
        let space = try evenSpace(sublayers: 2, levels: 2)
        let budget = Budget(maximumParameters: 2)
        for errors in [
            [[1, 0.5, 0]], [[1, 0.5, 0], [1, 0]], [[1, .nan, 0], [1, 0, 0]], [[1, -1, 0], [1, 0, 0]],
        ] {
            #expect { try ErrorCurveSeeds(errors: errors).seeds(in: space, budget: budget) } throws: {
                ($0 as? SearchError)?.code == .badErrorCurves
            }
        }
        let fine = [[1, 0.5, 0], [1, 0.5, 0]]
        for exponents in [[0.0], [-1], [.nan]] {
            #expect(throws: SearchError.self) {
                try ErrorCurveSeeds(errors: fine, exponents: exponents).seeds(in: space, budget: budget)
            }
        }
        #expect(throws: SearchError.self) {
            try ErrorCurveSeeds(errors: [[1e300, 1, 0], [1, 1, 0]], exponents: [2]).seeds(in: space, budget: budget)
        }
    }

    /// A flat stretch before a cliff: following single steps down the flat part would be a trap.
    @Test func nonConvexCurvesAreFollowedByTheirEnvelope() throws {
        let space = try evenSpace(sublayers: 2, levels: 3)
        let errors = [[1, 0.98, 0.97, 0], [0.6, 0.4, 0.2, 0]]
        let seeds = try ErrorCurveSeeds(errors: errors, exponents: [1], blends: [1])
            .seeds(in: space, budget: Budget(maximumParameters: 3))
        #expect(seeds.map(\.levels) == [[3, 0]])
    }
}

extension SearchSpace {
    /// Few enough levels for brute force: every third level of the MLPs.
    fileprivate func coarse() throws -> SearchSpace {
        try SearchSpace(
            sublayers: sublayers.map { sublayer in
                guard sublayer.kind == .mlp else { return sublayer }
                let levels = stride(from: 0, through: sublayer.fullLevel, by: 3)
                return Sublayer(
                    kind: .mlp, block: sublayer.block, units: levels.map { sublayer.units[$0] },
                    parameters: levels.map { sublayer.parameters[$0] })
            })
    }
}

import Testing

@testable import Search

@Suite struct RepairTests {
    /// The contract, on 10,000 random spaces, budgets and vectors.
    @Test(arguments: 0..<10) func holdsTheBudgetExactly(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed, stream: 1)
        for _ in 0..<1000 {
            let space = try randomSpace(sublayers: 10, levels: 9, &generator)
            let budget = randomBudget(of: space, &generator)
            let levels = randomLevels(count: space.sublayers.count, &generator)
            let repaired = try space.repair(levels, to: budget)

            let kept = try space.parameters(of: repaired)
            try #require(kept <= budget.maximumParameters)
            let slack = budget.maximumParameters - kept
            let genes = try space.genes(nearest: repaired.levels)
            let steps = zip(space.genes, genes).compactMap { gene, value in
                value == gene.top ? nil : gene.parameters[value + 1] - gene.parameters[value]
            }
            if let smallest = steps.min() {
                try #require(slack < smallest)
            } else {
                try #require(repaired.levels == space.full.levels)
            }
            for (sublayer, level) in zip(space.sublayers, repaired.levels) {
                try #require((sublayer.minimumLevel...sublayer.fullLevel).contains(level))
            }
            if space.granularity == .layer {
                for gene in space.genes {
                    try #require(gene.options.contains(gene.members.map { repaired.levels[$0] }))
                }
            }
            try #require(try space.repair(repaired, to: budget) == repaired)
            try #require(try space.repair(levels, to: budget) == repaired)
        }
    }

    private func distance(_ space: SearchSpace, _ from: [Int], _ to: [Int]) -> Double {
        zip(space.genes, zip(from, to)).reduce(0) { sum, item in
            let (gene, values) = item
            let size = Double(gene.parameters[gene.top])
            let change = Double(gene.parameters[values.0] - gene.parameters[values.1])
            return size > 0 ? sum + change * change / size : sum
        }
    }

    /// Against brute force: mostly the nearest, never more than twice as far (the distance is of squares).
    @Test func isNearlyAlwaysTheNearest() throws {
        var generator = SeededGenerator(seed: 11)
        var (exact, cases, worst) = (0, 0, 1.0)
        while cases < 400 {
            let space = try randomSpace(sublayers: 5, levels: 5, &generator)
            let budget = randomBudget(of: space, &generator)
            let genes = space.genes.map { generator.uniform(below: $0.top + 1) }
            guard !space.holds(genes: genes, budget) else { continue }
            let best = allHolding(space, budget).map { distance(space, genes, $0) }.min() ?? 0
            let found = distance(space, genes, space.repaired(genes: genes, to: budget))
            try #require(found >= best * (1 - 1e-12))
            cases += 1
            if found <= best * (1 + 1e-12) { exact += 1 }
            worst = max(worst, best > 0 ? found / best : 1)
        }
        #expect(exact >= cases * 95 / 100, "\(exact) of \(cases) are nearest")
        #expect(worst < 4, "the worst is \(worst) times as far")
    }

    @Test func whatHoldsIsNotTouched() throws {
        let space = try smolLM2()
        let budget = try Budget(rate: 0.3, of: space)
        let variation = Variation(space: space, budget: budget)
        for stream in UInt64(0)..<100 {
            var generator = SeededGenerator(seed: 3, stream: stream)
            let candidate = space.candidate(genes: variation.random(using: &generator))
            #expect(try space.repair(candidate, to: budget) == candidate)
        }
    }

    @Test func aUniformExcessComesOffUniformly() throws {
        let space = try smolLM2()
        let repaired = try space.repair(space.full, to: Budget(rate: 0.3, of: space))
        let rates = try space.rates(of: repaired)
        for (sublayer, rate) in zip(space.sublayers, rates) {
            // One level: a third of an attention, a 24th of an MLP.
            #expect(abs(rate - 0.3) <= (sublayer.kind == .attention ? 1 / 3.0 : 1.5 / 24))
        }
    }

    @Test func smolLM2IsWithinOneStep() throws {
        let space = try smolLM2()
        for rate in [0.1, 0.2, 0.3, 0.5, 0.7, 0.9] {
            let budget = try Budget(rate: rate, of: space)
            let slack = try budget.maximumParameters - space.parameters(of: space.repair(space.full, to: budget))
            #expect((0..<110_592).contains(slack))
        }
    }

    @Test func wrongLengthsAndBudgetsAreErrors() throws {
        let space = try smolLM2(minimumLevel: 1)
        let budget = try Budget(rate: 0.3, of: space)
        for levels in [[], [1], [Int](repeating: 1, count: 61)] {
            #expect { try space.repair(levels, to: budget) } throws: { ($0 as? SearchError)?.code == .badCandidate }
        }
        for maximum in [Int.min, -1, 0, space.minimumParameters - 1] {
            #expect { try space.repair(space.full, to: Budget(maximumParameters: maximum)) } throws: {
                ($0 as? SearchError)?.code == .badBudget
            }
        }
    }

    @Test func minimumLevelsAreKept() throws {
        let space = try smolLM2(minimumLevel: 1)
        let lowest = try space.repair(space.full, to: Budget(maximumParameters: space.minimumParameters))
        #expect(lowest.levels.allSatisfy { $0 == 1 })
    }
}

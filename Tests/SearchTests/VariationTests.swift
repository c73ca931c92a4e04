import Testing

@testable import Search

@Suite struct VariationTests {
    private static let seeds = UInt64(0)..<300

    @Test(arguments: SearchSpace.Granularity.allCases) func operatorsHoldTheBudgetByThemselves(
        granularity: SearchSpace.Granularity
    ) throws {
        let space = try smolLM2(granularity: granularity)
        let budget = try Budget(rate: 0.3, of: space)
        let variation = Variation(space: space, budget: budget)
        for stream in Self.seeds {
            var generator = SeededGenerator(seed: 1, stream: stream)
            let first = variation.random(using: &generator)
            let second = variation.random(using: &generator)
            for child in [
                first, second, variation.mutated(first, using: &generator),
                variation.uniformCrossover(first, second, using: &generator),
                variation.onePointCrossover(first, second, using: &generator),
            ] {
                #expect(space.holds(genes: child, budget))
            }
        }
    }

    @Test func mutationIsSmallAndReachesEverySublayer() throws {
        let space = try smolLM2()
        let budget = try Budget(rate: 0.3, of: space)
        let variation = Variation(space: space, budget: budget)
        let uniform = space.repaired(genes: space.uniformGenes(budget: budget), to: budget)
        var (raised, lowered) = ([Int](repeating: 0, count: 60), [Int](repeating: 0, count: 60))
        for stream in UInt64(0)..<3000 {
            var generator = SeededGenerator(seed: 2, stream: stream)
            let child = variation.mutated(uniform, using: &generator)
            #expect(child != uniform)
            let changed = child.indices.filter { child[$0] != uniform[$0] }
            // Three switches of two genes, and the filling of what is left.
            #expect(changed.count <= 12)
            for gene in changed {
                if child[gene] > uniform[gene] { raised[gene] += 1 } else { lowered[gene] += 1 }
            }
        }
        #expect(zip(raised, uniform).allSatisfy { $0 > 0 || $1 == 0 })
        #expect(lowered.allSatisfy { $0 > 0 })
        // No place is favoured: early and late MLPs lose about as often.
        let mlps = stride(from: 1, to: 60, by: 2).map { lowered[$0] }
        let (early, late) = (mlps.prefix(15).reduce(0, +), mlps.suffix(15).reduce(0, +))
        #expect(abs(early - late) < (early + late) / 8)
    }

    @Test func crossoverTakesFromItsParents() throws {
        let space = try smolLM2()
        let budget = try Budget(rate: 0.3, of: space)
        let variation = Variation(space: space, budget: budget)
        var copies = 0
        for stream in Self.seeds {
            var generator = SeededGenerator(seed: 4, stream: stream)
            let first = variation.random(using: &generator)
            let second = variation.random(using: &generator)
            for child in [
                variation.uniformCrossover(first, second, using: &generator),
                variation.onePointCrossover(first, second, using: &generator),
            ] {
                let between = child.indices.filter {
                    (min(first[$0], second[$0])...max(first[$0], second[$0])).contains(child[$0])
                }
                #expect(between.count >= 57)
                if child == first || child == second { copies += 1 }
            }
        }
        // A cut next to an end may leave nothing of one parent.
        #expect(copies < 12)
    }

    @Test func nothingToSwitchIsNotAnError() throws {
        var generator = SeededGenerator(seed: 0)
        let space = try evenSpace(sublayers: 1, levels: 3)
        for maximum in [0, 2, 3, 9] {
            let variation = Variation(space: space, budget: Budget(maximumParameters: maximum))
            let only = [min(maximum, 3)]
            #expect(variation.mutated(only, using: &generator) == only)
            #expect(variation.onePointCrossover(only, only, using: &generator) == only)
            #expect(variation.random(using: &generator) == only)
        }
    }
}

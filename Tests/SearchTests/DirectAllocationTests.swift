import Testing

@testable import Search

@Suite struct DirectAllocationTests {
    private func space(_ granularity: SearchSpace.Granularity = .sublayer) throws -> SearchSpace {
        try SearchSpace(
            sublayers: [
                .init(kind: .attention, block: 0, units: [0, 1, 2], parameters: [0, 11, 21]),
                .init(kind: .mlp, block: 0, units: [0, 1, 2, 3, 4], parameters: [0, 2, 3, 4, 5]),
                .init(kind: .mlp, block: 1, units: [0, 2, 4], parameters: [0, 3, 5]),
            ], granularity: granularity)
    }

    /// By hand. The last sublayer's levels have two units each, with mean scores of 5 and 0.5.
    @Test func oneThreshold() throws {
        let space = try space()
        let scores = [[4, 1.5], [9, 3, 2, -1], [8, 2, 1, 0]]
        func levels(_ budget: Int) throws -> [Int] {
            try space.candidate(keepingHighest: scores, to: Budget(maximumParameters: budget)).levels
        }
        // In order: 9 (2 parameters), 5 (3), 4 (11), 3 (1), 2 (1), 1.5 (10), 0.5 (2), −1 (1).
        #expect(try levels(31) == [2, 4, 2])
        #expect(try levels(30) == [2, 3, 2])
        #expect(try levels(28) == [2, 3, 1])
        #expect(try levels(18) == [1, 3, 1])
        #expect(try levels(16) == [1, 1, 1])
        #expect(try levels(5) == [0, 1, 1])
        #expect(try levels(0) == [0, 0, 0])
        // The group of 10 does not fit; what is behind it does.
        #expect(try levels(27) == [1, 4, 2])
        #expect(try levels(21) == [1, 4, 2])
    }

    /// Levels that keep parts of units are no steps one on top of the other.
    @Test func partsOfUnitsHaveNoScores() throws {
        let space = try SearchSpace(sublayers: [
            .init(kind: .attention, block: 0, units: [0, 2, 1], heads: [0, 1, 3], parameters: [0, 8, 9])
        ])
        #expect {
            _ = try space.candidate(keepingHighest: [[2, 1]], to: Budget(maximumParameters: 8))
        } throws: { ($0 as? SearchError)?.code == .badCandidate }
    }

    /// On random spaces: the budget holds, nothing more fits, and nothing was passed over that did fit.
    @Test func keepsWhatScoresMost() throws {
        var generator = SeededGenerator(seed: 5, stream: 2)
        for _ in 0..<500 {
            let random = try randomSpace(sublayers: 8, levels: 6, &generator)
            let space = try SearchSpace(sublayers: random.sublayers)
            let budget = randomBudget(of: space, &generator)
            let scores = space.sublayers.map { sublayer in
                (0..<(sublayer.units.last ?? 0)).map { _ in Double(generator.uniform(below: 40)) }.sorted(by: >)
            }
            let candidate = try space.candidate(keepingHighest: scores, to: budget)
            let kept = try space.parameters(of: candidate)
            try #require(kept <= budget.maximumParameters)
            try #require(space.holds(genes: try space.genes(nearest: candidate.levels), budget))
            let refused = zip(space.sublayers.indices, candidate.levels).compactMap { index, level in
                level < scores[index].count ? scores[index][level] : nil
            }
            guard let threshold = refused.max() else { continue }
            // What scores at least as much and is kept leaves no room for the unit that was refused first.
            var (total, smallest) = (0, Int.max)
            for (index, sublayer) in space.sublayers.enumerated() {
                let level = candidate.levels[index]
                let above = scores[index][..<level].count { $0 >= threshold }
                total += sublayer.parameters[max(above, sublayer.minimumLevel)]
                if level < sublayer.fullLevel, scores[index][level] == threshold {
                    smallest = min(smallest, sublayer.parameters[level + 1] - sublayer.parameters[level])
                }
            }
            try #require(smallest < .max && total + smallest > budget.maximumParameters)
        }
    }

    @Test func whatIsNotANumberGoesFirst() throws {
        let space = try evenSpace(sublayers: 2, levels: 3)
        let candidate = try space.candidate(
            keepingHighest: [[3, 2, .nan], [.nan, .nan, .nan]], to: Budget(maximumParameters: 3))
        #expect(candidate.levels == [3, 0])
    }

    @Test func fractionsOfBlocks() throws {
        let space = try smolLM2(blocks: 3)
        let fractions = [0.9, 0.5, 0.7]
        let budget = try Budget(rate: 0.3, of: space)
        let candidate = try space.candidate(keepingFractions: fractions, to: budget)
        let rates = try space.rates(of: candidate)
        for (index, rate) in rates.enumerated() { #expect(abs(1 - rate - fractions[index / 2]) < 0.17) }
        let kept = try space.parameters(of: candidate)
        #expect(kept <= budget.maximumParameters && kept > budget.maximumParameters - 3 * 576 * 64)
        let blocks = try smolLM2(granularity: .layer, blocks: 3)
        _ = try blocks.candidate(keepingFractions: fractions, to: budget)
        let flat = try space.candidate(keepingFractions: [0.7, 0.7, 0.7], to: budget)
        #expect(flat == (try space.repair(UniformSeed().seeds(in: space, budget: budget)[0].levels, to: budget)))
    }

    @Test func badScoresAreErrors() throws {
        let space = try space()
        let budget = Budget(maximumParameters: 20)
        for scores in [[], [[1, 2]], [[1], [1, 1, 1, 1], [1, 1, 1, 1]]] as [[[Double]]] {
            #expect(throws: SearchError.self) { _ = try space.candidate(keepingHighest: scores, to: budget) }
        }
        for fractions in [[], [0.5], [0.5, .nan]] {
            #expect(throws: SearchError.self) { _ = try space.candidate(keepingFractions: fractions, to: budget) }
        }
    }
}

import Foundation
import Testing

@testable import Search

/// Rates to powers of all kinds, raised to a power together, neighbours counting twice: no sum of error curves.
private func nonAdditiveLoss(of space: SearchSpace) -> @Sendable ([Int]) -> Double {
    { levels in
        let removed = zip(space.sublayers, levels).map { sublayer, level in
            1 - Double(sublayer.parameters[level]) / Double(sublayer.fullParameters)
        }
        var loss = 0.0
        for (index, rate) in removed.enumerated() {
            loss += (0.2 + Double((index * 7) % 11) / 5) * pow(rate, 1.2 + Double((index * 5) % 7) / 4)
            if index > 0 { loss += 0.7 * rate * removed[index - 1] }
        }
        return pow(loss / 20, 1.3)
    }
}

private func additiveRecords(_ space: SearchSpace, _ weights: [Double], count: Int) throws -> [FitnessRecord] {
    var generator = SeededGenerator(seed: 4)
    return try (0..<count).map { index in
        let levels = space.sublayers.map { generator.uniform(below: $0.fullLevel + 1) }
        let loss = zip(weights, zip(space.sublayers, levels)).reduce(0.3) { sum, part in
            let rate = 1 - Double(part.1.1) / Double(part.1.0.fullLevel)
            return sum + part.0 * rate * rate
        }
        let candidate = Candidate(levels: levels)
        try space.check(candidate)
        return FitnessRecord(index: index, candidate: candidate, scores: [loss], operator: .random)
    }
}

private func squaredRates(_ space: SearchSpace) -> [[Double]] {
    space.sublayers.map { sublayer in
        sublayer.parameters.map { pow(1 - Double($0) / Double(sublayer.fullParameters), 2) }
    }
}

@Suite struct SurrogateProposerTests {
    /// The mean best fitness over seeds, of as many candidates.
    private func mean(_ proposer: any Proposer, candidates: Int) async throws -> Double {
        let space = try smolLM2()
        var sum = 0.0
        for seed in UInt64(0)..<3 {
            var run = try search(
                space, .init(candidates: candidates, seed: seed, race: Race(shares: [0.14, 0.33])),
                proposer: proposer)
            var fitness = ToyFitness(rungs: 3, nonAdditiveLoss(of: space))
            try await run.run(&fitness)
            sum += try #require(run.history.best).fitness
        }
        return sum / 3
    }

    @Test func needsFewerCandidatesThanEvolution() async throws {
        let evolution = try await mean(EvolutionProposer(), candidates: 150)
        #expect(try await mean(SurrogateProposer(), candidates: 60) < 0.8 * evolution)
        #expect(
            try await mean(AdaptiveProposer([EvolutionProposer(), SurrogateProposer()]), candidates: 75)
                < 0.8 * evolution)
    }

    @Test(arguments: [[], [1, 0.5, 2, 0, 1.5]])
    func recoversAnAdditiveLoss(prior: [Double]) throws {
        let space = try evenSpace(sublayers: 5, levels: 4)
        let weights = [0.1, 2, 0.4, 1, 0.02]
        let records = try additiveRecords(space, weights, count: 80)
        let loss = try #require(
            AdditiveLoss(
                records, errors: squaredRates(space),
                prior: prior.isEmpty ? [0.5, 1, 0.5, 1, 0.5] : prior.map { $0 + 0.1 }))
        var generator = SeededGenerator(seed: 1)
        let curves = loss.curves(temperature: 0, using: &generator)
        for (index, weight) in weights.enumerated() where weight > 0.05 {
            #expect(abs(curves[index][0] / weight - 1) < 0.15, "\(index): \(curves[index][0]), \(weight)")
            #expect(curves[index].last == 0)
        }
        // What is known well hardly varies between draws.
        let drawn = loss.curves(temperature: 1, using: &generator)
        #expect(abs(drawn[1][0] / curves[1][0] - 1) < 0.2)
    }

    @Test func fewOrBadEvaluationsGiveNothing() throws {
        let space = try evenSpace(sublayers: 3, levels: 4)
        let one = FitnessRecord(index: 0, candidate: space.full, scores: [1], operator: .random)
        let bad = FitnessRecord(
            index: 1, candidate: Candidate(levels: [0, 0, 0]), scores: [.infinity], operator: .random)
        for records in [[], [one], [one, bad]] {
            #expect(AdditiveLoss(records, errors: squaredRates(space), prior: [1, 1, 1]) == nil)
        }
    }

    @Test func proposesNewCandidatesWithinTheBudget() throws {
        let space = try evenSpace(sublayers: 4, levels: 4)
        let budget = try Budget(rate: 0.5, of: space)
        var records: [FitnessRecord] = []
        var generator = SeededGenerator(seed: 2)
        while records.count < 12 {
            let candidate = try space.repair(randomLevels(count: 4, &generator), to: budget)
            if records.contains(where: { $0.candidate == candidate }) { continue }
            let fitness = interactingLoss(of: space)(candidate.levels)
            records.append(
                FitnessRecord(index: records.count, candidate: candidate, scores: [fitness], operator: .random))
        }
        let state = SearchState(space: space, budget: budget, generation: 1, records: records)
        let proposer = SurrogateProposer()
        let batch = try proposer.propose(proposer.plan(6, in: state), from: state)
        let candidates = batch.proposals.map { Candidate(levels: $0.levels) }
        #expect(!candidates.isEmpty && Set(candidates).count == candidates.count)
        for candidate in candidates {
            #expect(try space.repair(candidate, to: budget) == candidate)
            #expect(!records.contains { $0.candidate == candidate })
        }
        #expect(batch == (try proposer.propose(proposer.plan(6, in: state), from: state)))
        let empty = SearchState(space: space, budget: budget, generation: 0, records: [])
        #expect(proposer.plan(6, in: empty).isEmpty)
        #expect(throws: SearchError.self) {
            try SurrogateProposer(errors: [[0]]).propose([OperatorCount(.surrogate, 1)], from: state)
        }
    }
}

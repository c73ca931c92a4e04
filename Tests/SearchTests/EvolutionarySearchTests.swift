import Foundation
import Testing

@testable import Search

func search(
    _ space: SearchSpace, rate: Double = 0.3, _ settings: SearchSettings,
    seeds: [any SeedProposer] = [UniformSeed(), SlopeSeeds()], proposer: (any Proposer)? = nil,
    resuming events: [SearchEvent] = []
) throws -> EvolutionarySearch {
    try EvolutionarySearch(
        space: space, budget: try Budget(rate: rate, of: space), settings: settings, seeds: seeds,
        proposer: proposer, resuming: events)
}

@Suite struct EvolutionarySearchTests {
    @Test(arguments: SearchSpace.Granularity.allCases, [1, 7]) func oneSeedOneHistory(
        granularity: SearchSpace.Granularity, generation: Int
    ) async throws {
        let space = try smolLM2(granularity: granularity)
        var histories: [SearchHistory] = []
        for seed in [1, 1, 2] as [UInt64] {
            let race = Race(shares: [0.25])
            var run = try search(space, .init(candidates: 150, seed: seed, generation: generation, race: race))
            var fitness = ToyFitness(rungs: 2, interactingLoss(of: space))
            #expect(try await run.run(&fitness) == .candidates)
            #expect(run.history.records.count == 150)
            #expect(Set(fitness.evaluations).count == 150)
            for candidate in fitness.evaluations {
                #expect(try space.repair(candidate, to: run.budget) == candidate)
            }
            histories.append(run.history.withoutTimes)
        }
        #expect(histories[0] == histories[1])
        #expect(histories[0] != histories[2])
    }

    /// Mean over seeds of the best fitness, at the same budget of evaluations, both from uniform.
    @Test func evolutionBeatsRandomSearch() async throws {
        let space = try smolLM2()
        let loss = interactingLoss(of: space)
        var means: [Double] = []
        for proposer in [nil, RandomProposer()] as [(any Proposer)?] {
            var sum = 0.0
            for seed in UInt64(0)..<5 {
                var run = try search(
                    space, .init(candidates: 200, seed: seed), seeds: [UniformSeed()], proposer: proposer)
                var fitness = ToyFitness(loss)
                try await run.run(&fitness)
                sum += try #require(run.history.best).fitness
            }
            means.append(sum / 5)
        }
        #expect(means[0] < 0.95 * means[1])
    }

    @Test func findsTheOptimumOfASmallSpace() async throws {
        let space = try evenSpace(sublayers: 5, levels: 4)
        let loss = interactingLoss(of: space)
        let budget = try Budget(rate: 0.5, of: space)
        let all = allHolding(space, budget)
        let best = try #require(all.map { loss($0) }.min())
        #expect(all.count == 381)
        for seed in UInt64(0)..<5 {
            var run = try search(
                space, rate: 0.5, .init(population: 10, candidates: 160, seed: seed, generation: 5))
            var fitness = ToyFitness(loss)
            try await run.run(&fitness)
            #expect(try #require(run.history.best).fitness == best)
        }
    }

    @Test(arguments: [0.0, 0.2, 0.5, 1.0]) func aTinySpaceIsExhausted(rate: Double) async throws {
        let space = try evenSpace(sublayers: 3, levels: 2)
        var run = try search(space, rate: rate, .init(candidates: 1000))
        var fitness = ToyFitness { Double($0[0]) }
        #expect(try await run.run(&fitness) == .exhausted)
        #expect(run.history.records.count == allHolding(space, run.budget).count)
    }

    @Test func failedEvaluationsNeverWin() async throws {
        let space = try smolLM2()
        for value in [Double.nan, .infinity, -.infinity] {
            let settings = SearchSettings(candidates: 80, race: Race(shares: [0.3, 0.3]))
            var run = try search(space, settings)
            var fitness = ToyFitness(rungs: 3) { $0[1] % 2 == 0 ? value : Double($0[1]) }
            try await run.run(&fitness)
            #expect(try #require(run.history.best).fitness.isFinite)
            #expect(run.population.allSatisfy { $0.fitness.isFinite })
            #expect(run.statistics.reduce(0) { $0 + $1.failed } > 0)

            var hopeless = try search(space, settings)
            var failure = ToyFitness(rungs: 3) { _ in value }
            #expect(try await hopeless.run(&failure) == .candidates)
            #expect(hopeless.history.best == nil)
            #expect(hopeless.population.isEmpty)
        }
    }

    @Test func eventsComeInOrderAndStatisticsAddUp() async throws {
        let space = try smolLM2()
        var run = try search(space, .init(population: 10, candidates: 90))
        var fitness = ToyFitness(interactingLoss(of: space))
        var events: [SearchEvent] = []
        try await run.run(&fitness, onEvent: { events.append($0) })
        #expect(events.last == .finished(.candidates))
        #expect(
            try SearchHistory(seed: run.history.seed, budget: run.budget, events: events) == run.history)
        #expect(run.statistics.reduce(0) { $0 + $1.evaluated } == 90)
        #expect(Set(run.statistics.map(\.operator)).isSuperset(of: [.uniformSeed, .slopeSeed, .mutation]))
        let improvements = zip([.infinity] + run.history.bestSoFar, run.history.bestSoFar).filter { $0 > $1 }.count
        #expect(run.statistics.reduce(0) { $0 + $1.improvedBest } == improvements)
        let accepted = run.statistics.reduce(0) { $0 + $1.accepted }
        #expect(accepted > 10 && accepted < 90)
        #expect(run.population.map(\.fitness) == Array(run.history.records.map(\.fitness).sorted().prefix(10)))
    }

    @Test func stopsWhenTold() async throws {
        let space = try smolLM2()
        var run = try search(space, .init(candidates: 50))
        var fitness = ToyFitness(interactingLoss(of: space))
        var evaluated = 0
        let reason = try await run.run(
            &fitness, shouldStop: { evaluated >= 12 },
            onEvent: { if case .scored = $0 { evaluated += 1 } })
        #expect(reason == .cancelled)
        #expect(run.history.evaluated == 12)
        #expect(try await run.run(&fitness) == .candidates)
        #expect(fitness.evaluations.count >= 50)
        #expect(run.history.evaluated == 50)

        var none = try search(space, .init(timeLimit: 0))
        #expect(try await none.run(&fitness) == .timeLimit)
        #expect(none.history.records.isEmpty)
    }

    @Test func errorsLeaveTheHistoryIntact() async throws {
        struct Failure: Error {}
        let space = try smolLM2()
        let loss = interactingLoss(of: space)
        var whole = try search(space, .init(candidates: 70))
        var fitness = ToyFitness(loss)
        try await whole.run(&fitness)

        var run = try search(space, .init(candidates: 70))
        let fortieth = whole.history.records[40].candidate.levels
        var failing = ToyFitness {
            if $0 == fortieth { throw Failure() }
            return loss($0)
        }
        await #expect(throws: Failure.self) { try await run.run(&failing) }
        let evaluated = run.history.evaluated
        #expect(evaluated >= 30 && evaluated < 50)
        // A journal that cannot be written: the evaluation is not used.
        await #expect(throws: Failure.self) { try await run.run(&fitness, onEvent: { _ in throw Failure() }) }
        #expect(run.history.evaluated == evaluated)
        try await run.run(&fitness)
        #expect(run.history.withoutTimes == whole.history.withoutTimes)
    }

    @Test func badSettingsAreErrors() throws {
        let space = try smolLM2()
        for settings in [
            SearchSettings(population: 0), .init(candidates: 0), .init(generation: 0), .init(tournament: 0),
            .init(mutationShare: 1.5), .init(mutationShare: .nan), .init(elites: 31), .init(elites: -1),
            .init(timeLimit: -1), .init(timeLimit: .nan), .init(race: Race(shares: [0])),
            .init(race: Race(shares: [0.5, .nan])), .init(race: Race(shares: [1.5])),
        ] {
            #expect { try search(space, settings) } throws: { ($0 as? SearchError)?.code == .badSettings }
        }
    }
}

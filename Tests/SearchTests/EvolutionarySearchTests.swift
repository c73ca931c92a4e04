import Foundation
import Testing

@testable import Search

@Suite struct EvolutionarySearchTests {
    private func search(
        _ space: SearchSpace, rate: Double = 0.3, _ settings: SearchSettings,
        seeds: [any SeedProposer] = [UniformSeed(), SlopeSeeds()], proposer: (any Proposer)? = nil,
        resuming history: SearchHistory? = nil
    ) throws -> EvolutionarySearch {
        try EvolutionarySearch(
            space: space, budget: try Budget(rate: rate, of: space), settings: settings, seeds: seeds,
            proposer: proposer, resuming: history)
    }

    @Test(arguments: SearchSpace.Granularity.allCases, [1, 7]) func oneSeedOneHistory(
        granularity: SearchSpace.Granularity, generation: Int
    ) async throws {
        let space = try smolLM2(granularity: granularity)
        var histories: [SearchHistory] = []
        for seed in [1, 1, 2] as [UInt64] {
            var run = try search(space, .init(candidates: 150, seed: seed, generation: generation))
            var fitness = ToyFitness(interactingLoss(of: space))
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

    /// Interrupted anywhere, written as JSON and continued: the same history.
    @Test(arguments: [1, 5]) func aContinuedRunEqualsAnUninterruptedOne(generation: Int) async throws {
        let space = try smolLM2()
        let settings = SearchSettings(population: 10, candidates: 60, seed: 8, generation: generation, elites: 6)
        let loss = interactingLoss(of: space)
        // One evaluation in nine fails, so that infinities go through JSON too.
        let function: @Sendable ([Int]) -> Double = { $0[3] % 9 == 0 ? .nan : loss($0) }
        var whole = try search(space, settings)
        var fitness = ToyFitness(function)
        try await whole.run(&fitness)
        for count in 0...60 {
            let data = try JSONEncoder().encode(whole.history.prefix(count))
            var continued = try search(
                space, settings, resuming: try JSONDecoder().decode(SearchHistory.self, from: data))
            var fitness = ToyFitness(function)
            try await continued.run(&fitness)
            #expect(fitness.evaluations.count == 60 - count)
            try #require(continued.history.withoutTimes == whole.history.withoutTimes)
        }
    }

    @Test func historiesOfOtherRunsAreRefused() async throws {
        let space = try smolLM2()
        let settings = SearchSettings(candidates: 10, seed: 8)
        var run = try search(space, settings)
        var fitness = ToyFitness(interactingLoss(of: space))
        try await run.run(&fitness)
        var (reordered, twice, broken) = (run.history.records, run.history.records, run.history.records)
        reordered.swapAt(8, 9)
        twice[9].candidate = twice[8].candidate
        broken[9].candidate.levels[1] = Int.max
        let (seed, budget) = (run.history.seed, run.history.budget)
        for history in [
            SearchHistory(seed: 9, budget: budget, records: run.history.records),
            SearchHistory(seed: seed, budget: try Budget(rate: 0.4, of: space), records: run.history.records),
            SearchHistory(seed: seed, budget: budget, records: reordered),
            SearchHistory(seed: seed, budget: budget, records: twice),
            SearchHistory(seed: seed, budget: budget, records: broken),
        ] {
            #expect { try search(space, settings, resuming: history) } throws: {
                ($0 as? SearchError)?.code == .badHistory
            }
        }
        #expect(throws: SearchError.self) { try search(smolLM2(blocks: 4), settings, resuming: run.history) }
        #expect(throws: SearchError.self) { try search(space, settings, seeds: [SlopeSeeds()], resuming: run.history) }
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
        print("toy loss, best of 200: evolution \(means[0]), random \(means[1])")
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
            var run = try search(space, rate: 0.5, .init(population: 10, candidates: 150, seed: seed))
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
            var run = try search(space, .init(candidates: 80))
            var fitness = ToyFitness { $0[1] % 2 == 0 ? value : Double($0[1]) }
            try await run.run(&fitness)
            #expect(try #require(run.history.best).fitness.isFinite)
            #expect(run.population.allSatisfy { $0.fitness.isFinite })
            #expect(run.statistics.reduce(0) { $0 + $1.failed } > 0)

            var hopeless = try search(space, .init(candidates: 80))
            var failure = ToyFitness { _ in value }
            #expect(try await hopeless.run(&failure) == .candidates)
            #expect(hopeless.history.best == nil)
            #expect(hopeless.population.isEmpty)
        }
    }

    @Test func eventsComeInOrderAndStatisticsAddUp() async throws {
        let space = try smolLM2()
        var run = try search(space, .init(population: 10, candidates: 90))
        var fitness = ToyFitness(interactingLoss(of: space))
        var records: [FitnessRecord] = []
        var finished: [FinishReason] = []
        try await run.run(
            &fitness,
            onEvent: { event in
                #expect(finished.isEmpty)
                switch event {
                case .evaluated(let record, let best):
                    records.append(record)
                    #expect(best?.fitness == records.map(\.fitness).min())
                case .finished(let reason): finished.append(reason)
                }
            })
        #expect(records == run.history.records)
        #expect(finished == [.candidates])
        #expect(run.statistics.reduce(0) { $0 + $1.evaluated } == 90)
        #expect(Set(run.statistics.map(\.operator)).isSuperset(of: [.uniformSeed, .slopeSeed, .mutation]))
        let improvements = zip([.infinity] + run.history.bestSoFar, run.history.bestSoFar).filter { $0 > $1 }.count
        #expect(run.statistics.reduce(0) { $0 + $1.improvedBest } == improvements)
        let accepted = run.statistics.reduce(0) { $0 + $1.accepted }
        #expect(accepted > 10 && accepted < 90)
        #expect(run.population.map(\.fitness) == Array(records.map(\.fitness).sorted().prefix(10)))
    }

    @Test func stopsWhenTold() async throws {
        let space = try smolLM2()
        var run = try search(space, .init(candidates: 50))
        var fitness = ToyFitness(interactingLoss(of: space))
        var asked = 0
        let reason = try await run.run(
            &fitness,
            shouldStop: {
                asked += 1
                return asked > 12
            })
        #expect(reason == .cancelled)
        #expect(run.history.records.count == 12)
        #expect(try await run.run(&fitness) == .candidates)
        #expect(fitness.evaluations.count == 50)

        var none = try search(space, .init(timeLimit: 0))
        #expect(try await none.run(&fitness) == .timeLimit)
        #expect(none.history.records.isEmpty)
    }

    @Test func errorsLeaveTheHistoryIntact() async throws {
        struct Failure: Error {}
        let space = try smolLM2()
        let loss = interactingLoss(of: space)
        var whole = try search(space, .init(candidates: 30))
        var fitness = ToyFitness(loss)
        try await whole.run(&fitness)

        var run = try search(space, .init(candidates: 30))
        let twentieth = whole.history.records[20].candidate.levels
        var failing = ToyFitness {
            if $0 == twentieth { throw Failure() }
            return loss($0)
        }
        await #expect(throws: Failure.self) { try await run.run(&failing) }
        #expect(run.history.records.count == 20)
        // A journal that cannot be written: the evaluation is not used.
        await #expect(throws: Failure.self) { try await run.run(&fitness, onEvent: { _ in throw Failure() }) }
        #expect(run.history.records.count == 20)
        try await run.run(&fitness)
        #expect(run.history.withoutTimes == whole.history.withoutTimes)
    }

    @Test func wildProposalsAreRepairedAndWrongLengthsAreErrors() async throws {
        struct Wild: Proposer {
            var count: Int
            func propose(from state: SearchState, using generator: inout SeededGenerator) async -> Proposal {
                Proposal(
                    levels: randomLevels(count: count, &generator), operator: Operator(rawValue: "wild"),
                    parents: [-1, 0, 1_000_000])
            }
        }
        let space = try smolLM2()
        var fitness = ToyFitness(interactingLoss(of: space))
        var run = try search(space, .init(candidates: 40), proposer: Wild(count: 60))
        #expect(try await run.run(&fitness) == .candidates)
        for candidate in fitness.evaluations { #expect(try space.repair(candidate, to: run.budget) == candidate) }
        #expect(run.history.records.dropFirst(4).allSatisfy { $0.parents == [0] })
        _ = try search(space, .init(candidates: 40), proposer: Wild(count: 60), resuming: run.history)
        var short = try search(space, .init(candidates: 40), proposer: Wild(count: 59))
        await #expect { try await short.run(&fitness) } throws: { ($0 as? SearchError)?.code == .badCandidate }
    }

    @Test func badSettingsAreErrors() throws {
        let space = try smolLM2()
        for settings in [
            SearchSettings(population: 0), .init(candidates: 0), .init(generation: 0), .init(tournament: 0),
            .init(mutationShare: 1.5), .init(mutationShare: .nan), .init(elites: 31), .init(elites: -1),
            .init(timeLimit: -1), .init(timeLimit: .nan),
        ] {
            #expect { try search(space, settings) } throws: { ($0 as? SearchError)?.code == .badSettings }
        }
    }
}

import Foundation
import Testing

@testable import Search

/// A run that was killed anywhere and goes on from its events.
@Suite struct ResumingTests {
    /// Interrupted after any event, written as JSON and continued: the same history.
    @Test(arguments: [[], [0.3], [0.5, 0.3]], [1, 8]) func aContinuedRunEqualsAnUninterruptedOne(
        shares: [Double], generation: Int
    ) async throws {
        let space = try smolLM2()
        let settings = SearchSettings(
            population: 12, candidates: 50, seed: 8, generation: generation, race: Race(shares: shares), elites: 8)
        let loss = interactingLoss(of: space)
        // Some evaluations fail, so that infinities go through JSON too.
        let function: @Sendable ([Int]) -> Double = { $0[3] % 9 == 0 ? .nan : loss($0) }
        let proposer = AdaptiveProposer([EvolutionProposer(), RandomProposer()])
        var whole = try search(space, settings, proposer: proposer)
        var fitness = ToyFitness(rungs: shares.count + 1, function)
        var events: [SearchEvent] = []
        try await whole.run(&fitness, onEvent: { events.append($0) })
        for count in stride(from: 0, through: events.count, by: 3) {
            let data = try JSONEncoder().encode(Array(events.prefix(count)))
            var continued = try search(
                space, settings, proposer: proposer,
                resuming: try JSONDecoder().decode([SearchEvent].self, from: data))
            let known = continued.history.records.reduce(0) { $0 + $1.scores.count }
            var again = ToyFitness(rungs: shares.count + 1, function)
            try await continued.run(&again)
            #expect(again.counts.reduce(0, +) == fitness.counts.reduce(0, +) - known)
            try #require(continued.history.withoutTimes == whole.history.withoutTimes)
        }
    }

    @Test func moreCandidatesExtendARun() async throws {
        let space = try smolLM2()
        var short = try search(space, .init(candidates: 50))
        var fitness = ToyFitness(interactingLoss(of: space))
        var events: [SearchEvent] = []
        try await short.run(&fitness, onEvent: { events.append($0) })
        var long = try search(space, .init(candidates: 90), resuming: events)
        #expect(try await long.run(&fitness) == .candidates)
        #expect(fitness.evaluations.count == 90)
        #expect(long.history.records.prefix(50) == short.history.records[...])
    }

    @Test func historiesOfOtherRunsAreRefused() async throws {
        let space = try smolLM2()
        let settings = SearchSettings(candidates: 10, seed: 8)
        var run = try search(space, settings)
        var fitness = ToyFitness(interactingLoss(of: space))
        var events: [SearchEvent] = []
        try await run.run(&fitness, onEvent: { events.append($0) })

        func changed(_ change: (inout Search.Generation) -> Void) -> [SearchEvent] {
            events.map { event in
                guard case .proposed(var generation) = event, generation.index == 1 else { return event }
                change(&generation)
                return .proposed(generation)
            }
        }
        let bad = [
            changed { $0.records.swapAt(0, 1) },
            changed { $0.records[1].candidate = $0.records[0].candidate },
            changed { $0.records[1].candidate.levels[1] = .max },
            changed { $0.records[1].candidate.levels = [] },
            changed { $0.records[1].parents = [99] },
            changed { $0.index = 7 },
            Array(events.dropFirst()),
            events + [events[1]],
            events + [.scored(Score(index: -1, rung: 0, fitness: 1, seconds: 0))],
        ]
        for events in bad {
            #expect { try search(space, settings, resuming: events) } throws: {
                ($0 as? SearchError)?.code == .badHistory
            }
        }
        #expect(throws: SearchError.self) { try search(space, rate: 0.4, settings, resuming: events) }
        #expect(throws: SearchError.self) { try search(smolLM2(blocks: 4), settings, resuming: events) }
        #expect(throws: SearchError.self) { try search(space, settings, seeds: [SlopeSeeds()], resuming: events) }
    }
}

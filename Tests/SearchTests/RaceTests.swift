import Testing

@testable import Search

@Suite struct RaceTests {
    private func record(_ index: Int, _ scores: Double...) -> FitnessRecord {
        FitnessRecord(index: index, candidate: Candidate(levels: [index]), scores: scores, operator: .mutation)
    }

    @Test func theBestShareGoesOnAndTiesGoWithIt() {
        let race = Race(shares: [0.25])
        let field = [3.0, 1, 2, 2, 5, 6, 7, 8].enumerated().map { record($0, $1) }
        #expect(race.promoted(from: 0, field, among: field, pool: 30) == [1, 2, 3])
        #expect(race.promoted(from: 0, field, among: field, pool: 1) == [1])
        #expect(race.promoted(from: 0, [], among: field, pool: 30) == [])
    }

    @Test func whoWouldNotEnterThePopulationStaysBehind() {
        let race = Race(shares: [0.5])
        let old = (0..<10).map { record($0, 1 + Double($0) / 100) }
        let young = [record(10, 1.005), record(11, 4), record(12, .infinity), record(13, 5)]
        #expect(race.promoted(from: 0, young, among: old + young, pool: 10) == [10])
        let failed = [record(14, .infinity), record(15, .nan)]
        #expect(race.promoted(from: 0, failed, among: old + failed, pool: 10) == [])
    }

    @Test func candidatesOfDifferentRungsAreComparedByWhatTheirScoresPredict() {
        // The text of the second rung is twice as hard.
        let records = [record(0, 1.0, 2.0), record(1, 1.2, 2.4), record(2, 0.9), record(3, 1.1), record(4, .infinity)]
        #expect(records.population(size: 10, elites: 10).map(\.index) == [2, 0, 3, 1])
        #expect(records.population(size: 2, elites: 2).map(\.index) == [2, 0])
        #expect(records.population(size: 3, elites: 1).map(\.index) == [2, 3, 1])
    }

    /// As much work as a search that measures everything on the longest text, and nearly as good a result, for a
    /// fraction of it.
    @Test func aRaceCostsAFractionAndFindsNearlyAsMuch() async throws {
        let space = try smolLM2()
        let loss = interactingLoss(of: space)
        var (raced, whole, work) = (0.0, 0.0, 0.0)
        for seed in UInt64(0)..<4 {
            var race = try search(
                space, .init(candidates: 300, seed: seed, race: Race(shares: [0.2, 0.3])))
            var fitness = ToyFitness(rungs: 3, loss)
            try await race.run(&fitness)
            raced += try #require(race.history.best).fitness
            #expect(fitness.counts[0] == 300)
            work += zip(fitness.counts, fitness.rungTokens).reduce(0) { $0 + Double($1.0 * $1.1) }
            var alone = try search(space, .init(candidates: 300, seed: seed))
            var exact = ToyFitness(loss)
            try await alone.run(&exact)
            whole += try #require(alone.history.best).fitness
        }
        #expect(work < 4 * 300 * 16384 / 5)
        #expect(raced < 1.1 * whole)
    }
}

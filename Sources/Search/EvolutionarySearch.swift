/// Minimises a fitness over the candidates that hold a budget: the seeds first, then, generation by generation, what a
/// proposer makes of the fittest. Every generation is a race: all of it is measured on a short text, the best of it on
/// longer ones. Nothing is evaluated twice.
///
/// A generation is a function of the settings, the seeds and the results before it, and so are the candidates that go
/// on in a race. So a run continued from its events equals an uninterrupted one, and the same seed gives the same
/// history.
package struct EvolutionarySearch: Sendable {
    package let space: SearchSpace
    package let budget: Budget
    package let settings: SearchSettings
    /// What is known so far; intact when `run` throws.
    package private(set) var history: SearchHistory

    let proposer: any Proposer
    let sensitivities: [Double]?
    /// The distinct seed candidates, repaired.
    private let seeds: [Proposal]
    var seen: Set<Candidate>

    /// - Parameters:
    ///   - proposer: makes the offspring; classical evolution by default.
    ///   - sensitivities: what proposers are told of the sublayers (`SearchState.sensitivities`).
    ///   - events: continues the run that sent these. It may have had other limits: its last generation stays as
    ///     they cut it.
    /// - Throws: `SearchError`: bad settings, a budget that the minimum levels exceed, seeds that do not fit the space,
    ///   events of another run.
    package init(
        space: SearchSpace, budget: Budget, settings: SearchSettings = SearchSettings(),
        seeds seedProposers: [any SeedProposer] = [UniformSeed()], proposer: (any Proposer)? = nil,
        sensitivities: [Double]? = nil, resuming events: [SearchEvent] = []
    ) throws(SearchError) {
        try settings.check()
        try budget.check(in: space)
        self.space = space
        self.budget = budget
        self.settings = settings
        self.sensitivities = sensitivities
        self.proposer =
            proposer ?? EvolutionProposer(mutationShare: settings.mutationShare, tournament: settings.tournament)
        var seeds: [Proposal] = []
        var known: Set<Candidate> = []
        for seedProposer in seedProposers {
            for var proposal in try seedProposer.seeds(in: space, budget: budget) {
                let candidate = try space.repair(proposal.levels, to: budget)
                proposal.levels = candidate.levels
                if known.insert(candidate).inserted { seeds.append(proposal) }
            }
        }
        self.seeds = seeds
        history = try SearchHistory(seed: settings.seed, budget: budget, events: events)
        seen = Set(history.records.map(\.candidate))
        try checkHistory()
    }

    /// How the operators fared so far.
    package var statistics: [OperatorStatistics] {
        history.statistics(population: settings.population, elites: elites)
    }

    /// The fittest so far, best first.
    package var population: [FitnessRecord] {
        history.records.population(size: settings.population, elites: elites)
    }

    /// Runs until a limit is reached.
    /// - Parameters:
    ///   - shouldStop: asked before every generation and after every evaluation.
    ///   - onEvent: told of everything before it is used. What it throws ends the run and is passed on.
    /// - Throws: what the fitness, the proposer or `onEvent` throws.
    @discardableResult
    package mutating func run<F: Fitness>(
        _ fitness: inout F, shouldStop: () -> Bool = { false }, onEvent: (SearchEvent) throws -> Void = { _ in }
    ) async throws -> FinishReason {
        precondition(fitness.rungTokens.count == settings.race.rungs, "a race needs a text for every rung")
        let deadline = Deadline(settings.timeLimit.map { $0 - history.seconds })
        func stop() -> FinishReason? { shouldStop() ? .cancelled : deadline.hasPassed ? .timeLimit : nil }
        let reason = try await generations(&fitness, stop, onEvent)
        try onEvent(.finished(reason))
        try history.apply(.finished(reason))
        return reason
    }

    private mutating func generations<F: Fitness>(
        _ fitness: inout F, _ stop: () -> FinishReason?, _ onEvent: (SearchEvent) throws -> Void
    ) async throws -> FinishReason {
        while true {
            if !history.generationStarts.isEmpty {
                prepareNext(evaluationTokens: fitness.rungTokens[0])
                if let reason = try await race(&fitness, stop, onEvent) { return reason }
            }
            if history.records.count >= settings.candidates { return .candidates }
            if let reason = stop() { return reason }
            guard let next = try await nextGeneration(evaluationTokens: fitness.rungTokens[0]) else {
                return .exhausted
            }
            try onEvent(.proposed(next))
            try history.apply(.proposed(next))
            seen.formUnion(next.records.map(\.candidate))
        }
    }

    /// Measures what is not yet measured of the last generation.
    private mutating func race<F: Fitness>(
        _ fitness: inout F, _ stop: () -> FinishReason?, _ onEvent: (SearchEvent) throws -> Void
    ) async throws -> FinishReason? {
        let last = history.generationStarts.count - 1
        var running = history.generation(last).map(\.index)
        for rung in 0..<settings.race.rungs {
            let open = running.filter { history.records[$0].scores.count <= rung }
            if !open.isEmpty {
                if let reason = stop() { return reason }
                if let reason = try await measure(open, rung, &fitness, stop, onEvent) { return reason }
            }
            guard rung + 1 < settings.race.rungs else { break }
            running = settings.race.promoted(
                from: rung, Array(history.generation(last)), among: history.records, pool: settings.population)
            // What a search is compared with: it goes all the way, however it fares.
            if last == 0, history.records[0].operator == .uniformSeed, !running.contains(0) { running.append(0) }
        }
        return nil
    }

    private mutating func measure<F: Fitness>(
        _ open: [Int], _ rung: Int, _ fitness: inout F, _ stop: () -> FinishReason?,
        _ onEvent: (SearchEvent) throws -> Void
    ) async throws -> FinishReason? {
        let clock = ContinuousClock()
        var began = clock.now
        var left = open.count
        do {
            try await fitness.evaluate(open.map { history.records[$0].candidate }, rung: rung) { place, value in
                let now = clock.now
                let score = Score(
                    index: open[place], rung: rung, fitness: value.isFinite ? value : .infinity,
                    seconds: (now - began) / .seconds(1))
                began = now
                left -= 1
                try onEvent(.scored(score))
                try history.apply(.scored(score))
                if left > 0, let reason = stop() { throw Stopped(reason: reason) }
            }
        } catch let stopped as Stopped {
            return stopped.reason
        }
        return nil
    }

    private var elites: Int { settings.elites ?? settings.population }

    /// What is known for the next generation.
    private func state(evaluationTokens: Int) -> SearchState {
        SearchState(
            space: space, budget: budget, seed: settings.seed, generation: history.generationStarts.count,
            records: history.records, rejections: history.rejections, populationSize: settings.population,
            elites: elites,
            isInitial: history.records.count < min(settings.population, settings.candidates),
            sensitivities: sensitivities, evaluationTokens: evaluationTokens)
    }

    /// Candidates of the next generation.
    private var nextCount: Int {
        let missing = settings.population - history.records.count
        return min(settings.candidates - history.records.count, missing > 0 ? missing : settings.generation)
    }

    /// Before the last generation is evaluated.
    private func prepareNext(evaluationTokens: Int) {
        let state = state(evaluationTokens: evaluationTokens)
        guard proposer.plansAhead, nextCount > 0, state.lagged.records.count < state.records.count else { return }
        proposer.prepare(proposer.plan(nextCount, in: state.lagged), from: state.lagged)
    }

    private func nextGeneration(evaluationTokens: Int) async throws -> Generation? {
        let known = history.records.count
        // More than one generation of seeds only where an earlier limit left no room for all of them.
        if known < seeds.count, history.records.allSatisfy({ $0.isSeed }) {
            let generation = history.generationStarts.count
            let records = seeds.enumerated().dropFirst(known).prefix(settings.candidates - known).map { place, seed in
                FitnessRecord(
                    index: place, generation: generation, candidate: Candidate(levels: seed.levels),
                    operator: seed.operator)
            }
            return Generation(index: generation, records: records, rejections: [])
        }
        return try await generation(of: nextCount, from: state(evaluationTokens: evaluationTokens))
    }

    private func checkHistory() throws(SearchError) {
        guard seen.count == history.records.count else {
            throw SearchError(.badHistory, "The history has a candidate twice")
        }
        for (index, record) in history.records.enumerated() {
            let place = "Candidate \(index) of the history"
            guard record.candidate.levels.count == space.sublayers.count,
                try space.repair(record.candidate, to: budget) == record.candidate,
                record.scores.count <= settings.race.rungs
            else { throw SearchError(.badHistory, "\(place) does not hold this budget in this search space") }
            if record.isSeed, index < seeds.count, record.candidate.levels != seeds[index].levels {
                throw SearchError(.badHistory, "\(place) is not the seed candidate that it should be")
            }
        }
    }
}

private struct Deadline {
    private let end: ContinuousClock.Instant?

    /// - Parameter seconds: from now; `nil` for none.
    init(_ seconds: Double?) { end = seconds.map { .now + .seconds($0) } }

    var hasPassed: Bool { end.map { .now >= $0 } ?? false }
}

private struct Stopped: Error { var reason: FinishReason }

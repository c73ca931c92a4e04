/// Minimises a fitness over the candidates that hold a budget: the seeds first, then the proposer's offspring of the
/// fittest. Nothing is evaluated twice.
///
/// What is evaluated at index i is a function of the settings, the seeds and the results before the generation of i:
/// every proposal has its own random stream, derived from (seed, i). So a run continued from its history equals an
/// uninterrupted one, and the same seed gives the same history.
package struct EvolutionarySearch: Sendable {
    package let space: SearchSpace
    package let budget: Budget
    package let settings: SearchSettings
    /// What was evaluated so far; intact when `run` throws.
    package private(set) var history: SearchHistory

    /// The distinct seed candidates, repaired.
    private let seeds: [Proposal]
    private let proposer: any Proposer
    private var seen: Set<Candidate>

    /// - Parameters:
    ///   - proposer: makes the offspring; classical evolution by default.
    ///   - history: continues this run. It may have been made with other limits.
    /// - Throws: `SearchError`: bad settings, a budget that the minimum levels exceed, seeds that do not fit the space,
    ///   a history of another run.
    package init(
        space: SearchSpace, budget: Budget, settings: SearchSettings = SearchSettings(),
        seeds seedProposers: [any SeedProposer] = [UniformSeed()], proposer: (any Proposer)? = nil,
        resuming history: SearchHistory? = nil
    ) throws(SearchError) {
        try settings.check()
        try budget.check(in: space)
        self.space = space
        self.budget = budget
        self.settings = settings
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
        self.history = history ?? SearchHistory(seed: settings.seed, budget: budget)
        seen = Set(self.history.records.map(\.candidate))
        try checkHistory()
    }

    /// How the operators fared so far.
    package var statistics: [OperatorStatistics] { history.statistics(elites: elites) }

    /// The fittest so far, best first.
    package var population: [FitnessRecord] { population(after: history.records.count) }

    /// Runs until a limit is reached.
    /// - Parameters:
    ///   - shouldStop: asked before every evaluation.
    ///   - onEvent: what it throws ends the run and is passed on.
    /// - Throws: what the fitness, the proposer or `onEvent` throws; `SearchError` for a proposal of the wrong length.
    @discardableResult
    package mutating func run<F: Fitness>(
        _ fitness: inout F, shouldStop: () -> Bool = { false }, onEvent: (SearchEvent) throws -> Void = { _ in }
    ) async throws -> FinishReason {
        let clock = ContinuousClock()
        let start = clock.now
        let spent = history.seconds
        func seconds(since instant: ContinuousClock.Instant) -> Double { (clock.now - instant) / .seconds(1) }

        var reason = FinishReason.candidates
        while history.records.count < settings.candidates {
            if shouldStop() {
                reason = .cancelled
                break
            }
            if let limit = settings.timeLimit, spent + seconds(since: start) >= limit {
                reason = .timeLimit
                break
            }
            let proposed = clock.now
            guard let next = try await nextProposal() else {
                reason = .exhausted
                break
            }
            let evaluated = clock.now
            let value = try await fitness.evaluate(next.candidate)
            let index = history.records.count
            // Parents that do not exist are a proposer's fancy.
            let record = FitnessRecord(
                index: index, candidate: next.candidate, fitness: value,
                operator: next.proposal.operator, parents: next.proposal.parents.filter((0..<index).contains),
                duplicates: next.duplicates,
                proposalSeconds: (evaluated - proposed) / .seconds(1), evaluationSeconds: seconds(since: evaluated))
            let best = ([record] + [history.best].compactMap { $0 }).filter(\.fitness.isFinite)
                .min(by: FitnessRecord.isBetter)
            try onEvent(.evaluated(record, best: best))
            history.append(record)
            seen.insert(record.candidate)
        }
        try onEvent(.finished(reason))
        return reason
    }

    private var elites: Int { settings.elites ?? settings.population }

    private func population(after count: Int) -> [FitnessRecord] {
        history.population(after: count, size: settings.population, elites: elites)
    }

    private typealias Next = (proposal: Proposal, candidate: Candidate, duplicates: Int)

    /// The next candidate that was not evaluated before; `nil` when none is found.
    private func nextProposal() async throws -> Next? {
        let index = history.records.count
        if index < seeds.count { return (seeds[index], Candidate(levels: seeds[index].levels), 0) }
        var generator = SeededGenerator(seed: settings.seed, stream: UInt64(index))
        let generationStart = seeds.count + (index - seeds.count) / settings.generation * settings.generation
        let state = SearchState(
            space: space, budget: budget, population: population(after: generationStart),
            records: history.records[..<generationStart], index: index)
        let proposal = try await proposer.propose(from: state, using: &generator)
        let candidate = try space.repair(proposal.levels, to: budget)
        return seen.contains(candidate) ? try fresh(proposal, candidate, &generator) : (proposal, candidate, 0)
    }

    /// Mutates a candidate on and on until it is new, then tries random ones; `nil` after so many failures that the
    /// space is as good as exhausted.
    private func fresh(
        _ proposal: Proposal, _ candidate: Candidate, _ generator: inout SeededGenerator
    ) throws(SearchError) -> Next? {
        let variation = Variation(space: space, budget: budget)
        var genes = try space.genes(nearest: candidate.levels)
        for duplicates in 1...Self.maximumDuplicates {
            let isMutation = duplicates <= Self.maximumDuplicates / 2
            genes = isMutation ? variation.mutated(genes, using: &generator) : variation.random(using: &generator)
            let changed = space.candidate(genes: space.repaired(genes: genes, to: budget))
            if !seen.contains(changed) { return (proposal, changed, duplicates) }
        }
        return nil
    }

    private static let maximumDuplicates = 256

    private func checkHistory() throws(SearchError) {
        guard history.seed == settings.seed, history.budget == budget else {
            throw SearchError(
                .badHistory,
                "The history was made with seed \(history.seed) and a budget of "
                    + "\(history.budget.maximumParameters) parameters, not with seed \(settings.seed) and "
                    + "\(budget.maximumParameters)")
        }
        guard seen.count == history.records.count else {
            throw SearchError(.badHistory, "The history has a candidate twice")
        }
        for (index, record) in history.records.enumerated() {
            let place = "Evaluation \(index) of the history"
            guard record.index == index, record.parents.allSatisfy({ (0..<index).contains($0) }) else {
                throw SearchError(.badHistory, "\(place) is out of order")
            }
            guard record.candidate.levels.count == space.sublayers.count,
                try space.repair(record.candidate, to: budget) == record.candidate
            else { throw SearchError(.badHistory, "\(place) does not hold this budget in this search space") }
            if index < seeds.count, record.candidate.levels != seeds[index].levels {
                throw SearchError(.badHistory, "\(place) is not the seed candidate that it should be")
            }
        }
    }
}

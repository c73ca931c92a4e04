/// How the search runs. Two runs with equal settings have the same history; with other limits, the same up to the
/// generation that the lower limit cuts short.
package struct SearchSettings: Hashable, Codable, Sendable {
    /// Survivors that may become parents.
    package var population = 30
    /// Candidates evaluated in total, seeds included.
    package var candidates = 200
    /// Stops before the first evaluation that would start after this many seconds of proposing and evaluating, those of
    /// a resumed history included. The only setting that makes a history depend on the machine's speed.
    package var timeLimit: Double?
    package var seed: UInt64 = 0
    /// Offspring proposed from the same population and raced against each other.
    package var generation = 20
    /// Who of a generation is measured on more text. As many rungs as the fitness has.
    package var race = Race()
    /// Members of the population that are there by merit, best first; the rest are the most recent evaluations. `nil`:
    /// all of them.
    package var elites: Int?
    /// Offspring by mutation; the rest are by crossover.
    package var mutationShare = 0.5
    /// Members drawn, with replacement, for each tournament. Budgets are small, so that the default presses hard: of 30
    /// members the best is drawn in 40 % of tournaments. (On the tests' toy loss with 60 sublayers, means of 10 seeds
    /// after 120 and 430 evaluations: 8.7 and 6.5 for 3, 8.0 and 5.5 for 8, 7.7 and 5.0 for 15;
    /// 9.8 for uniform. Generations of 10 instead of 1 cost 0.1 to 0.7.)
    package var tournament = 15

    package init() {}

    package init(
        population: Int = 30, candidates: Int = 200, timeLimit: Double? = nil, seed: UInt64 = 0, generation: Int = 20,
        race: Race = Race(), elites: Int? = nil, mutationShare: Double = 0.5, tournament: Int = 15
    ) {
        self.population = population
        self.candidates = candidates
        self.timeLimit = timeLimit
        self.seed = seed
        self.generation = generation
        self.race = race
        self.elites = elites
        self.mutationShare = mutationShare
        self.tournament = tournament
    }

    func check() throws(SearchError) {
        for (name, value) in [
            ("population", population), ("candidates", candidates), ("generation", generation),
            ("tournament", tournament),
        ] where value < 1 {
            throw SearchError(.badSettings, "The search setting '\(name)' must be at least 1, not \(value)")
        }
        guard mutationShare >= 0, mutationShare <= 1 else {
            throw SearchError(
                .badSettings, "The search setting 'mutationShare' must lie between 0 and 1, not \(mutationShare)")
        }
        guard race.shares.allSatisfy({ $0 > 0 && $0 <= 1 }) else {
            throw SearchError(.badSettings, "The shares that go on to the next rung must lie between 0 and 1")
        }
        if let elites, !(0...population).contains(elites) {
            throw SearchError(
                .badSettings, "The search setting 'elites' must lie between 0 and the population, not \(elites)")
        }
        if let timeLimit, !(timeLimit >= 0) {
            throw SearchError(.badSettings, "The time limit must be a number of seconds, not \(timeLimit)")
        }
    }
}

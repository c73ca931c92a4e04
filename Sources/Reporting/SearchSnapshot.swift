/// What a search has to show at one moment. Less fitness is better.
///
/// Plain values only: whoever searches makes one whenever something happened and hands it to a `SearchView`.
package struct SearchSnapshot: Hashable, Sendable {
    /// What one operator did so far.
    package struct Operator: Hashable, Sendable {
        package var name: String
        /// Proposals asked for, rejected ones included.
        package var proposed: Int
        /// Offspring that were taken into the population.
        package var accepted: Int
        /// Replies that were no valid candidate.
        package var rejected: Int
        /// Time spent proposing.
        package var seconds: Double

        package init(name: String, proposed: Int, accepted: Int, rejected: Int, seconds: Double) {
            self.name = name
            self.proposed = proposed
            self.accepted = accepted
            self.rejected = rejected
            self.seconds = seconds
        }
    }

    /// What is being done, in a word.
    package var title: String
    /// The generation in progress.
    package var generation: Int
    /// How many there will be, if known.
    package var generations: Int?
    /// Candidates evaluated so far.
    package var evaluated: Int
    /// Those of them that an earlier process evaluated; they do not count for the speed.
    package var evaluatedBefore = 0
    /// Candidates at the end, if known.
    package var total: Int?
    /// Time that this process has searched.
    package var secondsElapsed: Double
    package var secondsLeft: Double?
    /// The least fitness so far.
    package var best: Double?
    /// What fitness is: `kl`, `perplexity`.
    package var fitnessName: String
    /// The fitness that the search has to beat, and what it is of.
    package var firstFitness: Double?
    package var firstName = "uniform"
    /// The least fitness after each candidate.
    package var bestSoFar: [Double] = []
    package var scale = Sparkline.Scale.linear
    /// Candidates evaluated on each rung, the cheapest first.
    package var evaluatedPerRung: [Int] = []
    package var operators: [Operator] = []
    /// What the user should know now, the latest last: a degraded endpoint, a waiting retry.
    package var messages: [String] = []

    package init(
        title: String = "search", generation: Int, generations: Int? = nil, evaluated: Int, total: Int? = nil,
        secondsElapsed: Double, secondsLeft: Double? = nil, best: Double? = nil, fitnessName: String,
        firstFitness: Double? = nil
    ) {
        self.title = title
        self.generation = generation
        self.generations = generations
        self.evaluated = evaluated
        self.total = total
        self.secondsElapsed = secondsElapsed
        self.secondsLeft = secondsLeft
        self.best = best
        self.fitnessName = fitnessName
        self.firstFitness = firstFitness
    }
}

extension Sequence<FitnessRecord> {
    /// The population that these make, best first: the `elites` fittest, then as many of the most
    /// recent others as there is room for. Failed evaluations are never members.
    ///
    /// Candidates that stopped at different rungs are compared by what their last score says of the top rung.
    package func population(size: Int, elites: Int) -> [FitnessRecord] {
        let known = filter { !$0.scores.isEmpty && $0.fitness.isFinite }
        let factors = known.rungFactors
        let ranked = known.map { ($0.fitness * factors[$0.scores.count - 1], $0) }
            .sorted { ($0.0, $0.1.index) < ($1.0, $1.1.index) }.map(\.1)
        guard elites < size else { return Array(ranked.prefix(size)) }
        let recent = Set(ranked.dropFirst(elites).map(\.index).sorted(by: >).prefix(size - elites))
        return ranked.prefix(elites) + ranked.dropFirst(elites).filter { recent.contains($0.index) }
    }

    /// What to multiply a score of each rung with to compare it with scores of the top rung: the ratio of the
    /// sums of those that have both. Those that went on were lucky on the rung below, and the ratio has that luck in it; so who
    /// stayed behind has to be better by as much to pass them.
    var rungFactors: [Double] {
        let known = filter { !$0.scores.isEmpty && $0.fitness.isFinite }
        let top = known.map(\.scores.count).max() ?? 0
        var factors = [Double](repeating: 1, count: top)
        for rung in stride(from: top - 2, through: 0, by: -1) {
            let both = known.filter { $0.scores.count > rung + 1 && $0.scores[rung] > 0 && $0.scores[rung + 1] > 0 }
            let sums = both.reduce((0.0, 0.0)) { ($0.0 + $1.scores[rung], $0.1 + $1.scores[rung + 1]) }
            factors[rung] = factors[rung + 1] * (sums.0 > 0 ? sums.1 / sums.0 : 1)
        }
        return factors
    }
}

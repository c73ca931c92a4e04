/// Classical evolution: tournament selection, uniform and one-point crossover, budget-preserving level-switch mutation.
package struct EvolutionProposer: Proposer {
    /// Share of mutations; crossovers are uniform or one-point with equal chance.
    package var mutationShare: Double
    /// Members drawn, with replacement, for each tournament.
    package var tournament: Int

    package init(mutationShare: Double = 0.5, tournament: Int = 15) {
        self.mutationShare = mutationShare
        self.tournament = tournament
    }

    package func propose(
        from state: SearchState, using generator: inout SeededGenerator
    ) throws(SearchError) -> Proposal {
        let variation = Variation(space: state.space, budget: state.budget)
        let population = state.population
        guard !population.isEmpty else { return try RandomProposer().propose(from: state, using: &generator) }
        let mutates = generator.uniform01() < mutationShare
        let first = population[winner(among: population.count, &generator)]
        let firstGenes = try state.space.genes(nearest: first.candidate.levels)
        let others = population.filter { $0.index != first.index }
        if mutates || others.isEmpty {
            let child = variation.mutated(firstGenes, using: &generator)
            return Proposal(
                levels: state.space.candidate(genes: child).levels, operator: .mutation, parents: [first.index])
        }
        let second = others[winner(among: others.count, &generator)]
        let secondGenes = try state.space.genes(nearest: second.candidate.levels)
        let isUniform = generator.uniform(below: 2) == 0
        let child =
            isUniform
            ? variation.uniformCrossover(firstGenes, secondGenes, using: &generator)
            : variation.onePointCrossover(firstGenes, secondGenes, using: &generator)
        return Proposal(
            levels: state.space.candidate(genes: child).levels,
            operator: isUniform ? .uniformCrossover : .onePointCrossover, parents: [first.index, second.index])
    }

    /// The population is sorted, so the lowest place drawn wins.
    private func winner(among count: Int, _ generator: inout SeededGenerator) -> Int {
        var place = count - 1
        for _ in 0..<max(tournament, 1) { place = min(place, generator.uniform(below: count)) }
        return place
    }
}

/// Independent random candidates: what a search must beat.
package struct RandomProposer: Proposer {
    package init() {}

    package func propose(
        from state: SearchState, using generator: inout SeededGenerator
    ) throws(SearchError) -> Proposal {
        let genes = Variation(space: state.space, budget: state.budget).random(using: &generator)
        return Proposal(levels: state.space.candidate(genes: genes).levels, operator: .random)
    }
}

extension Operator {
    package static let mutation = Operator(rawValue: "evolution.mutation")
    package static let uniformCrossover = Operator(rawValue: "evolution.uniformCrossover")
    package static let onePointCrossover = Operator(rawValue: "evolution.onePointCrossover")
    package static let random = Operator(rawValue: "random")
}

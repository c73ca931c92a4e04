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

    /// The first population has no offspring yet that are worth crossing: seeds are mutated.
    package func plan(_ count: Int, in state: SearchState) -> [OperatorCount] {
        if state.population.isEmpty { return [OperatorCount(.random, count)] }
        if state.isInitial || state.population.count < 2 { return [OperatorCount(.mutation, count)] }
        let mutations = Int((mutationShare * Double(count)).rounded())
        let uniform = (count - mutations + 1) / 2
        return [
            OperatorCount(.mutation, mutations), OperatorCount(.uniformCrossover, uniform),
            OperatorCount(.onePointCrossover, count - mutations - uniform),
        ]
    }

    package func propose(
        _ plan: [OperatorCount], from state: SearchState
    ) throws(SearchError) -> ProposalBatch {
        try propose(plan, from: state, firstSlot: 0)
    }

    /// - Parameter firstSlot: of each operator's random streams, behind those that were drawn from this state.
    func propose(
        _ plan: [OperatorCount], from state: SearchState, firstSlot: Int
    ) throws(SearchError) -> ProposalBatch {
        var batch = ProposalBatch()
        for entry in plan {
            for slot in firstSlot..<firstSlot + entry.count {
                var generator = state.generator(entry.operator.rawValue, slot: slot)
                batch.proposals.append(try proposal(entry.operator, state, &generator))
            }
        }
        return batch
    }

    private func proposal(
        _ name: Operator, _ state: SearchState, _ generator: inout SeededGenerator
    ) throws(SearchError) -> Proposal {
        let variation = Variation(space: state.space, budget: state.budget)
        let population = state.population
        guard name != .random, !population.isEmpty else {
            let genes = variation.random(using: &generator)
            return Proposal(levels: state.space.candidate(genes: genes).levels, operator: .random)
        }
        let first = population[winner(among: population.count, &generator)]
        let firstGenes = try state.space.genes(nearest: first.candidate.levels)
        let others = population.filter { $0.index != first.index }
        if name == .mutation || others.isEmpty {
            let child = variation.mutated(firstGenes, using: &generator)
            return Proposal(
                levels: state.space.candidate(genes: child).levels, operator: .mutation, parents: [first.index])
        }
        let second = others[winner(among: others.count, &generator)]
        let secondGenes = try state.space.genes(nearest: second.candidate.levels)
        let child =
            name == .uniformCrossover
            ? variation.uniformCrossover(firstGenes, secondGenes, using: &generator)
            : variation.onePointCrossover(firstGenes, secondGenes, using: &generator)
        return Proposal(
            levels: state.space.candidate(genes: child).levels, operator: name, parents: [first.index, second.index])
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

    package func plan(_ count: Int, in state: SearchState) -> [OperatorCount] { [OperatorCount(.random, count)] }

    package func propose(
        _ plan: [OperatorCount], from state: SearchState
    ) throws(SearchError) -> ProposalBatch {
        try EvolutionProposer().propose([OperatorCount(.random, plan.reduce(0) { $0 + $1.count })], from: state)
    }
}

extension Operator {
    package static let mutation = Operator(rawValue: "evolution.mutation")
    package static let uniformCrossover = Operator(rawValue: "evolution.uniformCrossover")
    package static let onePointCrossover = Operator(rawValue: "evolution.onePointCrossover")
    package static let random = Operator(rawValue: "random")
}

/// Which operator of which proposer made a candidate, such as `evolution.mutation`. Open: a new proposer names its own.
package struct Operator: RawRepresentable, Hashable, Codable, Sendable {
    package var rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }
}

/// A candidate as a proposer states it: any integers. The search repairs it, so proposers need not hold the budget.
package struct Proposal: Hashable, Sendable {
    /// One level per sublayer.
    package var levels: [Int]
    package var `operator`: Operator
    /// Indices of the evaluations it was made from.
    package var parents: [Int]

    package init(levels: [Int], operator: Operator, parents: [Int] = []) {
        self.levels = levels
        self.operator = `operator`
        self.parents = parents
    }
}

/// What a proposer may look at.
package struct SearchState: Sendable {
    package let space: SearchSpace
    package let budget: Budget
    /// The survivors at the start of the generation, best first, all with finite fitness. May be empty.
    package let population: [FitnessRecord]
    /// Every evaluation up to the start of the generation, in order.
    package let records: ArraySlice<FitnessRecord>
    /// Index of the evaluation that is proposed.
    package let index: Int

    package init(
        space: SearchSpace, budget: Budget, population: [FitnessRecord], records: ArraySlice<FitnessRecord>, index: Int
    ) {
        self.space = space
        self.budget = budget
        self.population = population
        self.records = records
        self.index = index
    }
}

/// Makes new candidates from evaluated ones. A proposal must be a function of the state and the generator alone, so
/// that a continued search equals an uninterrupted one.
package protocol Proposer: Sendable {
    /// One proposal. What it throws ends the search.
    func propose(from state: SearchState, using generator: inout SeededGenerator) async throws -> Proposal
}

/// Makes the first candidates, before anything is evaluated.
package protocol SeedProposer: Sendable {
    /// - Throws: `SearchError` when its data do not fit the space.
    func seeds(in space: SearchSpace, budget: Budget) throws(SearchError) -> [Proposal]
}

/// How many proposals of an operator are wanted.
package struct OperatorCount: Hashable, Sendable {
    package var `operator`: Operator
    package var count: Int
    /// Proposals that are best made together: fewer cost nearly as much.
    package var batch: Int

    package init(_ operator: Operator, _ count: Int, batch: Int = 1) {
        self.operator = `operator`
        self.count = count
        self.batch = batch
    }
}

/// Makes new candidates from evaluated ones. What it proposes must be a function of the state alone (its random numbers
/// come from `SearchState.generator`), so that a continued search equals an uninterrupted one.
package protocol Proposer: Sendable {
    /// Its proposals are made while the generation before them is evaluated, and so of what was known before that one.
    /// `plan` and `prepare` are then called with `SearchState.lagged`.
    var plansAhead: Bool { get }

    /// How it would share out `count` proposals between its operators. Counts add up to `count`; an operator that it
    /// could use has an entry even when its count is 0.
    func plan(_ count: Int, in state: SearchState) -> [OperatorCount]

    /// Proposals as planned. Fewer are no error: the search makes up for them by evolution.
    /// - Throws: `CancellationError`, or what ends the search.
    func propose(_ plan: [OperatorCount], from state: SearchState) async throws -> ProposalBatch

    /// Begins what can be done beside an evaluation: `propose` will be called with this plan, and with a state whose
    /// `lagged` is this one.
    func prepare(_ plan: [OperatorCount], from state: SearchState)
}

extension Proposer {
    package var plansAhead: Bool { false }

    package func prepare(_ plan: [OperatorCount], from state: SearchState) {}
}

/// Makes the first candidates, before anything is evaluated.
package protocol SeedProposer: Sendable {
    /// - Throws: `SearchError` when its data do not fit the space.
    func seeds(in space: SearchSpace, budget: Budget) throws(SearchError) -> [Proposal]
}

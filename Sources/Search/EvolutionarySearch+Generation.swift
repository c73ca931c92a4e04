extension EvolutionarySearch {
    /// `count` candidates that were not evaluated before: the proposer's, and evolution's where they are not enough.
    /// `nil` when none is found.
    func generation(of count: Int, from state: SearchState) async throws -> Generation? {
        var draft = Draft(search: self, state: state, wanted: count)
        let plan = proposer.plan(count, in: proposer.plansAhead ? state.lagged : state)
        draft.take(try await timed { try await proposer.propose(plan, from: state) })
        if draft.records.count < count {
            let evolution = EvolutionProposer(
                mutationShare: settings.mutationShare, tournament: settings.tournament)
            let missing = count - draft.records.count
            // The proposer may have drawn from evolution's streams, but not more than it was asked for.
            draft.take(
                try await timed {
                    try evolution.propose(evolution.plan(missing, in: state), from: state, firstSlot: count)
                })
        }
        guard !draft.records.isEmpty else { return nil }
        let rejections = draft.rejections.map { rejection in
            var rejection = rejection
            rejection.generation = state.generation
            return rejection
        }
        return Generation(index: state.generation, records: draft.records, rejections: rejections)
    }

    /// Time that proposers did not account for is shared out among the proposals that have none.
    private func timed(_ body: () async throws -> ProposalBatch) async rethrows -> ProposalBatch {
        let start = ContinuousClock.now
        var batch = try await body()
        let known = batch.proposals.reduce(0) { $0 + $1.seconds } + batch.rejections.reduce(0) { $0 + $1.seconds }
        let untimed = batch.proposals.indices.filter { batch.proposals[$0].seconds == 0 }
        let rest = max(0, (ContinuousClock.now - start) / .seconds(1) - known)
        for place in untimed { batch.proposals[place].seconds = rest / Double(untimed.count) }
        return batch
    }
}

/// A generation in the making.
private struct Draft {
    let search: EvolutionarySearch
    let state: SearchState
    let wanted: Int
    var records: [FitnessRecord] = []
    var rejections: [Rejection] = []
    private var taken: Set<Candidate> = []

    init(search: EvolutionarySearch, state: SearchState, wanted: Int) {
        self.search = search
        self.state = state
        self.wanted = wanted
    }

    mutating func take(_ batch: ProposalBatch) {
        rejections += batch.rejections
        for proposal in batch.proposals where records.count < wanted { take(proposal) }
    }

    private mutating func take(_ proposal: Proposal) {
        guard let candidate = try? state.space.repair(proposal.levels, to: state.budget) else {
            rejections.append(
                rejection(proposal, .wrongLength, "\(proposal.levels.count) levels were given"))
            return
        }
        if isNew(candidate) { return add(proposal, candidate, duplicates: 0) }
        // A model is told what it repeats; chance is only asked again.
        guard proposal.promptHash == nil else {
            rejections.append(rejection(proposal, .duplicate, "This candidate was evaluated before"))
            return
        }
        if let (candidate, duplicates) = fresh(candidate) { add(proposal, candidate, duplicates: duplicates) }
    }

    private func isNew(_ candidate: Candidate) -> Bool {
        !search.seen.contains(candidate) && !taken.contains(candidate)
    }

    private mutating func add(_ proposal: Proposal, _ candidate: Candidate, duplicates: Int) {
        taken.insert(candidate)
        records.append(
            FitnessRecord(
                index: state.records.count + records.count, generation: state.generation, candidate: candidate,
                operator: proposal.operator,
                // Parents that do not exist are a proposer's fancy.
                parents: proposal.parents.filter(state.records.indices.contains), promptHash: proposal.promptHash,
                agreement: proposal.agreement, duplicates: duplicates, proposalWork: proposal.work,
                proposalSeconds: proposal.seconds))
    }

    private func rejection(_ proposal: Proposal, _ reason: Rejection.Reason, _ detail: String) -> Rejection {
        Rejection(
            proposal.operator, reason, detail, promptHash: proposal.promptHash, work: proposal.work,
            seconds: proposal.seconds)
    }

    /// Mutates a candidate on and on until it is new, then tries random ones; `nil` after so many failures that the
    /// space is as good as exhausted.
    private func fresh(_ candidate: Candidate) -> (Candidate, Int)? {
        let space = state.space
        let variation = Variation(space: space, budget: state.budget)
        guard var genes = try? space.genes(nearest: candidate.levels) else { return nil }
        var generator = state.generator("fresh", slot: records.count)
        for duplicates in 1...Self.maximumDuplicates {
            let isMutation = duplicates <= Self.maximumDuplicates / 2
            genes = isMutation ? variation.mutated(genes, using: &generator) : variation.random(using: &generator)
            let changed = space.candidate(genes: space.repaired(genes: genes, to: state.budget))
            if isNew(changed) { return (changed, duplicates) }
        }
        return nil
    }

    private static let maximumDuplicates = 256
}

/// Which proposers to compare, at equal budgets and seeds.
public struct CompareOptions: Sendable {
    /// What all searches have in common. Its proposer and seed are not used.
    public var search: SearchOptions
    public var proposers: [SearchOptions.ProposerKind]
    /// Searches of each proposer, with the seeds 0, 1, …
    public var seeds = 3
    /// Folder of the results and of every search's run.
    public var output: String

    public init(_ search: SearchOptions, proposers: [SearchOptions.ProposerKind], output: String) {
        self.search = search
        self.proposers = proposers
        self.output = output
    }

    /// - Throws: `SelfPrunerError.badOption`.
    func check() throws(SelfPrunerError) {
        guard !proposers.isEmpty, Set(proposers).count == proposers.count else {
            throw SelfPrunerError(.badOption, "Name at least one proposer, and none twice")
        }
        guard seeds >= 1 else { throw SelfPrunerError(.badOption, "At least one seed is needed, not \(seeds)") }
        for proposer in proposers {
            var options = search
            options.proposer = proposer
            try options.check()
            try options.checkSearch()
        }
    }
}

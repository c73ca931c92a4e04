/// At which rates to measure what a model loses.
public struct FrontierOptions: Sendable {
    /// What all searches have in common. Its rate is not used.
    public var search: SearchOptions
    /// Fractions of the decoder blocks' parameters to remove.
    public var rates = [0.1, 0.2, 0.3, 0.4, 0.5]
    /// Folder of the curve and of every search's run.
    public var output: String

    public init(_ search: SearchOptions, output: String) {
        self.search = search
        self.output = output
    }

    /// - Throws: `SelfPrunerError.badOption`.
    func check() throws(SelfPrunerError) {
        guard !rates.isEmpty, Set(rates).count == rates.count else {
            throw SelfPrunerError(.badOption, "Name at least one rate, and none twice")
        }
        guard search.proposer != .uniform else {
            throw SelfPrunerError(
                .badOption, "The frontier has the uniform allocation in any case; name a proposer that searches")
        }
        try search.checkSearch()
        for rate in rates {
            var options = search
            options.rate = rate
            try options.check()
        }
    }
}

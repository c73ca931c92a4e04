import Factors

/// What to find out about a model's parts.
public struct AnalyzeOptions: Sendable {
    /// Model, method, order, texts and arithmetic, as for a search. What only a search uses is not used.
    public var search: SearchOptions
    /// Tokens of the fitness text that cuts are measured on.
    public var tokens = 1024
    /// Blocks, and sublayers, that cost least and are therefore removed in pairs as well; 0 or 1 for no pairs.
    public var pairs = 6
    /// Levels that are measured only to see how well the interpolation foretold them.
    public var checks = 12

    public init(model: String) { search = SearchOptions(model: model, rate: 0.5) }

    public init(_ search: SearchOptions) { self.search = search }

    /// The search whose preparation an analysis is.
    var prepared: SearchOptions {
        var options = search
        options.granularity = .sublayer
        options.rateBounds = nil
        options.proposer = .evolution
        options.chat = nil
        options.rungTokens = [tokens]
        options.rungShares = []
        return options
    }

    /// - Throws: `SelfPrunerError.badOption`.
    func check() throws(SelfPrunerError) {
        for (name, count) in [("the tokens", tokens - 1), ("the pairs", pairs + 1), ("the checks", checks + 1)]
        where count < 1 {
            throw SelfPrunerError(.badOption, "The number given for \(name) is too small")
        }
        guard pairs <= 64 else {
            throw SelfPrunerError(.badOption, "At most 64 parts can be removed in pairs, not \(pairs)")
        }
        guard search.method.pruning != .removal else {
            throw SelfPrunerError(
                .badOption,
                "The method \(search.method.rawValue) only removes whole blocks; analyze with nested, which measures "
                    + "removed blocks too")
        }
        try prepared.check()
    }
}

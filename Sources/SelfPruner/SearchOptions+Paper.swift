extension SearchOptions {
    /// The search as the paper describes it (arXiv 2502.14413): one rate for each block between 0.1 and 0.9, 30
    /// candidates and 20 iterations of 10 mutations and 10 crossovers by a language model, each measured in full by its
    /// perplexity after Wanda-sp. The paper's text is WikiText-2, which has to be named as the fitness text; all of it
    /// counts, in windows of `sequenceLength`, unless rungs are given afterwards.
    ///
    /// What the paper does not say, or does otherwise: the sum of the rates is held by `repair`, and the model is told
    /// what cutting each block alone costs.
    public mutating func applyPaperSettings() {
        method = .wandaSP
        granularity = .layer
        rateBounds = 0.1...0.9
        fitness = .perplexity
        proposer = chat == nil ? .self : .chat
        usesSeeds = false
        population = 30
        generation = 20
        candidates = 430
        rungTokens = []
        rungShares = []
        fitnessWindow = sequenceLength
    }

    /// - Throws: `SelfPrunerError.badOption`.
    func check() throws(SelfPrunerError) {
        func refuse(_ sentence: String) throws(SelfPrunerError) { throw SelfPrunerError(.badOption, sentence) }
        if !(rate > 0 && rate < 1) { try refuse("The rate must lie between 0 and 1, not \(rate)") }
        if !(ridge >= 0 && ridge.isFinite) { try refuse("The ridge must be 0 or more, not \(ridge)") }
        if !(0...1 << 30 ~= gradientTokens) {
            try refuse("The tokens whose gradients are taken must be 0 to \(1 << 30), not \(gradientTokens)")
        }
        if !(firstTokenWeight > 0 && firstTokenWeight <= 1e9) {
            try refuse("The weight of a first token must be more than 0 and at most 1e9, not \(firstTokenWeight)")
        }
        if let vocabularyShare, !(0...0.9 ~= vocabularyShare) {
            try refuse("The share of the vocabulary's lists must lie between 0 and 0.9, not \(vocabularyShare)")
        }
        let counts = [
            ("candidates", candidates), ("the population", population), ("a generation", generation),
            ("the calibration tokens", calibrationTokens), ("the evaluation tokens", evaluationTokens ?? 2),
            ("the channel step", channelStep ?? 1), ("the alignment", alignment ?? 1), ("the memory", memory ?? 1),
            ("the sequence length", sequenceLength > 1 ? sequenceLength : 0),
            ("the tokens of a rung", (rungTokens.min() ?? 2) > 1 ? 1 : 0),
            ("the tokens of a window", (fitnessWindow ?? 2) > 1 ? 1 : 0),
            ("the requests at a time", chat?.concurrency ?? 1),
        ]
        for (name, count) in counts where count < 1 { try refuse("The number given for \(name) is too small") }
        let most = [("candidates", candidates, 1_000_000_000), ("the population", population, 1_000_000)]
        for (name, count, limit) in most + [("a generation", generation, 1_000_000)] where count > limit {
            try refuse("The number given for \(name) is more than \(limit)")
        }
        if rungTokens.contains(where: { $0 > 1 << 40 }) || zip(rungTokens, rungTokens.dropFirst()).contains(where: >) {
            try refuse("The rungs must have more and more tokens")
        }
        let rungs = max(rungTokens.count, 1)
        if rungShares.count != rungs - 1 {
            try refuse("A race of \(rungs) rungs needs \(rungs - 1) shares, not \(rungShares.count)")
        }
        if let share = rungShares.first(where: { !($0 > 0 && $0 <= 1) }) {
            try refuse("The share that goes on to the next rung must lie between 0 and 1, not \(share)")
        }
        if let channelStep, let alignment, !channelStep.isMultiple(of: alignment) {
            try refuse("The channel step, \(channelStep), is no multiple of the alignment, \(alignment)")
        }
        if order != .auto, !method.takesOrders {
            try refuse("The method \(method.rawValue) has an order of its own; leave out the order \(order.rawValue)")
        }
        if attentionUnits == .heads, method.pruning == .removal {
            try refuse("The method \(method.rawValue) removes whole blocks; its attentions cannot be cut by heads")
        }
        if let timeLimit, !(timeLimit > 0 && timeLimit <= 1e9) {
            try refuse("The time limit must be more than 0 seconds and at most 1e9, not \(timeLimit)")
        }
        if let bounds = rateBounds, !(bounds.lowerBound >= 0 && bounds.upperBound <= 1 && bounds.contains(rate)) {
            try refuse("The bounds of rates must lie between 0 and 1, and the rate between them")
        }
        if proposer == .chat, chat == nil {
            try refuse("The proposer chat needs an endpoint and the name of its model, or a record to replay")
        }
        if let chat, !(chat.timeout > 0 && chat.timeout <= 1e9) {
            try refuse("The time limit of a request must be more than 0 seconds and at most 1e9")
        }
        for price in [chat?.promptPrice, chat?.completionPrice].compactMap({ $0 }) where !(price >= 0 && price < 1e12) {
            try refuse("A price must be 0 or more, not \(price)")
        }
    }
}

extension SearchSpace {
    /// The default granularity of an MLP in channels: a 32nd of them, rounded (half up) to a multiple of `alignment`.
    package static func defaultChannelStep(channels: Int, alignment: Int = 32) -> Int {
        max(alignment, (max(channels, 0) / 32 + alignment / 2) / alignment * alignment)
    }

    /// Channels kept at each level: 0, step, 2·step … channels; the last step may be shorter.
    package static func channelLevels(channels: Int, step: Int) -> [Int] {
        guard channels > 0, step > 0 else { return [max(channels, 0)] }
        return Array(stride(from: 0, to: channels, by: step)) + [channels]
    }

    /// Key/value groups kept at each level: 0, 1 … groups.
    package static func groupLevels(groups: Int) -> [Int] { Array(0...max(groups, 0)) }

    /// Parameters that `candidate` keeps.
    /// - Throws: `SearchError` `badCandidate`.
    package func parameters(of candidate: Candidate) throws(SearchError) -> Int {
        try check(candidate)
        return zip(sublayers, candidate.levels).reduce(0) { $0 + $1.0.parameters[$1.1] }
    }

    /// Units that `candidate` keeps, per sublayer.
    /// - Throws: `SearchError` `badCandidate`.
    package func units(of candidate: Candidate) throws(SearchError) -> [Int] {
        try check(candidate)
        return zip(sublayers, candidate.levels).map { $0.units[$1] }
    }

    /// Fraction of each sublayer's parameters that `candidate` removes.
    /// - Throws: `SearchError` `badCandidate`.
    package func rates(of candidate: Candidate) throws(SearchError) -> [Double] {
        try check(candidate)
        return zip(sublayers, candidate.levels).map { sublayer, level in
            let full = sublayer.fullParameters
            return full == 0 ? 0 : 1 - Double(sublayer.parameters[level]) / Double(full)
        }
    }

    /// Levels at which sublayers are cut, one at a time, to see what they are worth: the nearest to the rate of the whole
    /// that cuts anything.
    package func sensitivityLevels(for budget: Budget) -> [Int] {
        let kept = Double(budget.maximumParameters) / Double(max(fullParameters, 1))
        return sublayers.map { sublayer in
            let cuts = Array(sublayer.parameters.dropLast())
            return cuts.nearestIndex(to: kept * Double(sublayer.fullParameters))
        }
    }

    /// The unpruned model.
    package var full: Candidate { Candidate(levels: sublayers.map(\.fullLevel)) }

    func check(_ candidate: Candidate) throws(SearchError) {
        try checkLength(candidate.levels)
        for (index, level) in candidate.levels.enumerated() where !(0...sublayers[index].fullLevel).contains(level) {
            throw SearchError(
                .badCandidate,
                "Sublayer \(index) has levels 0 to \(sublayers[index].fullLevel), not \(level)")
        }
    }

    func checkLength(_ levels: [Int]) throws(SearchError) {
        guard levels.count == sublayers.count else {
            throw SearchError(
                .badCandidate, "A candidate needs \(sublayers.count) levels, not \(levels.count)")
        }
    }
}

extension SearchSpace.Sublayer {
    /// The square of the rate at each level: what stands for an error curve where none is known.
    var squaredRates: [Double] {
        parameters.map { parameters in
            let rate = 1 - Double(parameters) / Double(max(fullParameters, 1))
            return rate * rate
        }
    }
}

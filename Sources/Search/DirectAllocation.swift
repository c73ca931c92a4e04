/// Allocations that follow from scores, without a search.
extension SearchSpace {
    /// One threshold over all sublayers (FLAP, arXiv 2312.11983): what scores highest is kept, wherever it is, each step
    /// weighing its parameters.
    ///
    /// A level of several units has their mean score. Where the next step does not fit the budget any more, smaller ones
    /// behind it may still do.
    /// - Parameter scores: of every sublayer's units in the order in which they are kept, highest first.
    /// - Throws: `SearchError` `badCandidate`, `badBudget`.
    package func candidate(keepingHighest scores: [[Double]], to budget: Budget) throws(SearchError) -> Candidate {
        try checkLength(scores.map(\.count))
        try budget.check(in: self)
        var steps: [(score: Double, sublayer: Int, level: Int)] = []
        for (index, sublayer) in sublayers.enumerated() {
            guard sublayer.heads == nil else {
                throw SearchError(.badCandidate, "Sublayer \(index) has levels of parts of units, which have no scores")
            }
            guard scores[index].count >= (sublayer.units.last ?? 0) else {
                throw SearchError(
                    .badCandidate,
                    "Sublayer \(index) has \(sublayer.units.last ?? 0) units, not \(scores[index].count) scores")
            }
            for level in sublayer.minimumLevel..<sublayer.fullLevel {
                let units = scores[index][sublayer.units[level]..<sublayer.units[level + 1]]
                let mean = units.reduce(0, +) / Double(units.count)
                steps.append((mean.isNaN ? -.infinity : mean, index, level))
            }
        }
        steps.sort { a, b in
            a.score != b.score ? a.score > b.score : (a.sublayer, a.level) < (b.sublayer, b.level)
        }
        var levels = sublayers.map(\.minimumLevel)
        var kept = zip(sublayers, levels).reduce(0) { $0 + $1.0.parameters[$1.1] }
        for step in steps where levels[step.sublayer] == step.level {
            let parameters = sublayers[step.sublayer].parameters
            let size = parameters[step.level + 1] - parameters[step.level]
            guard kept + size <= budget.maximumParameters else { continue }
            kept += size
            levels[step.sublayer] += 1
        }
        // Only a space that moves blocks or has bounds of rates is not yet served.
        return try repair(levels, to: budget)
    }

    /// Every sublayer of a block at the level nearest to the block's fraction.
    /// - Parameter fractions: of the parameters to keep, by the index of the block.
    /// - Throws: `SearchError` `badCandidate`, `badBudget`.
    package func candidate(keepingFractions fractions: [Double], to budget: Budget) throws(SearchError) -> Candidate {
        var values: [Int] = []
        for gene in genes {
            let block = sublayers[gene.members[0]].block
            guard fractions.indices.contains(block), fractions[block].isFinite else {
                throw SearchError(.badCandidate, "There is no fraction for block \(block)")
            }
            values.append(gene.nearest(toParameters: fractions[block] * Double(gene.parameters[gene.top])))
        }
        return try repair(candidate(genes: values), to: budget)
    }
}

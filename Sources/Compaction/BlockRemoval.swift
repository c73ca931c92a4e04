import Search

/// Whole blocks go, one after another, until the budget holds: the smallest number of them that does. What is removed is
/// therefore not exactly what was asked for.
package struct BlockRemoval: Sendable {
    private let space: SearchSpace
    private let budget: Budget
    /// Blocks of the space that have parameters to give, in order.
    private let blocks: [Int]

    package init(_ space: SearchSpace, _ budget: Budget) {
        self.space = space
        self.budget = budget
        let parameters = Self.parameters(space)
        blocks = parameters.keys.filter { parameters[$0, default: 0] > 0 }.sorted()
    }

    /// Blocks in the order of a score, lowest first (ShortGPT, arXiv 2403.03853, with the blocks' influences).
    /// - Parameter scores: one a block of the model.
    package func candidate(byScores scores: [Double]) throws(SearchError) -> Candidate {
        let order = blocks.sorted { (Self.rank(scores[$0]), $0) < (Self.rank(scores[$1]), $1) }
        var candidate = space.full
        for block in order {
            if try holds(candidate) { break }
            candidate = removing(block, from: candidate)
        }
        return candidate
    }

    /// Steps of `eliminate` if all blocks are alike, to show how far it is: candidates to be evaluated.
    package var evaluations: Int {
        let sizes = Self.parameters(space)
        let largest = sizes.values.sorted(by: >)
        var (kept, count) = (space.fullParameters, 0)
        for (removed, size) in largest.prefix(blocks.count).enumerated() where kept > limit {
            kept -= size
            count += blocks.count - removed
        }
        return count
    }

    /// The block goes without which the model is best, and is then looked for again among those that are left (SLEB,
    /// arXiv 2402.09025).
    /// - Parameters:
    ///   - evaluator: of the space, with a plan that removes sublayers; its first rung counts, lower is better.
    ///   - progress: called with the candidates evaluated so far.
    /// - Throws: as `CandidateEvaluator.evaluate`.
    package func eliminate(
        _ evaluator: CandidateEvaluator, progress: (Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws -> Candidate {
        var (candidate, remaining, done) = (space.full, blocks, 0)
        while try !holds(candidate), !remaining.isEmpty {
            let candidates = remaining.map { removing($0, from: candidate) }
            var scores = [Double](repeating: .infinity, count: candidates.count)
            try evaluator.evaluate(candidates, rung: 0, isCancelled: isCancelled) { place, score in
                scores[place] = Self.rank(score)
                done += 1
                progress(done)
            }
            let best = scores.indices.min { (scores[$0], $0) < (scores[$1], $1) } ?? 0
            candidate = candidates[best]
            remaining.remove(at: best)
            // The next ones begin as this one does.
            evaluator.keep([candidate])
        }
        return candidate
    }

    /// (1 − rate) times the parameters is rounded down, and may miss a whole number by one.
    private var limit: Int { min(budget.maximumParameters, space.fullParameters) + 1 }

    private func holds(_ candidate: Candidate) throws(SearchError) -> Bool {
        try space.parameters(of: candidate) <= limit
    }

    private func removing(_ block: Int, from candidate: Candidate) -> Candidate {
        var levels = candidate.levels
        for (index, sublayer) in space.sublayers.enumerated() where sublayer.block == block { levels[index] = 0 }
        return Candidate(levels: levels)
    }

    /// What removing each block frees.
    private static func parameters(_ space: SearchSpace) -> [Int: Int] {
        space.sublayers.reduce(into: [:]) { $0[$1.block, default: 0] += $1.fullParameters - ($1.parameters.first ?? 0) }
    }

    /// What is not a number is the worst.
    private static func rank(_ score: Double) -> Double { score.isNaN ? .infinity : score }
}

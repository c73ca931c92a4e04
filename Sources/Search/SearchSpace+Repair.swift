extension SearchSpace {
    /// The nearest candidate that holds the budget exactly: its parameter count is at most the budget, and no gene
    /// (sublayer; block in granularity `layer`) can be raised by one option without exceeding it. So the slack is
    /// smaller than the smallest step still available; only the unpruned model may leave more.
    ///
    /// *Nearest* minimises Σ_g F_g · (Δrate_g)², the squared change of each gene's rate weighted by its size F_g:
    /// a uniform excess comes off as one uniform change of all rates. It is minimised as `Allocation` says (greedy,
    /// then exchanges; on a tie late blocks lose first and early blocks gain first), which on small random spaces is
    /// the true minimum in 98 of 100 cases; the budget always holds.
    ///
    /// Any integer vector is taken: levels out of range are clamped, and levels that are no option of their gene move
    /// to the nearest one. Pure, deterministic and idempotent.
    /// - Throws: `SearchError`: `badCandidate` when the number of levels is wrong, `badBudget` when the minimum levels
    ///   keep more than the budget.
    package func repair(_ levels: [Int], to budget: Budget) throws(SearchError) -> Candidate {
        try budget.check(in: self)
        return candidate(genes: repaired(genes: try genes(nearest: levels), to: budget))
    }

    /// See `repair(_:to:)` above.
    package func repair(_ candidate: Candidate, to budget: Budget) throws(SearchError) -> Candidate {
        try repair(candidate.levels, to: budget)
    }

    /// Whether these gene values are within the budget and none can be raised.
    func holds(genes values: [Int], _ budget: Budget) -> Bool {
        let slack = budget.maximumParameters - parameters(ofGenes: values)
        guard slack >= 0 else { return false }
        return zip(genes, values).allSatisfy { gene, value in
            value == gene.top || gene.parameters[value + 1] - gene.parameters[value] > slack
        }
    }

    /// The budget must allow the lowest options.
    func repaired(genes values: [Int], to budget: Budget) -> [Int] {
        guard !holds(genes: values, budget) else { return values }
        let costs = zip(genes, values).map { gene, value in
            let size = Double(gene.parameters[gene.top])
            return gene.parameters.map { parameters in
                let change = Double(parameters - gene.parameters[value])
                return size > 0 ? change * change / size : 0
            }
        }
        return Allocation(genes: genes, budget: budget, costs: costs).solve(from: values)
    }
}

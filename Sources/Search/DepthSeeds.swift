/// The same rate everywhere, as near as the levels allow.
package struct UniformSeed: SeedProposer {
    package init() {}

    package func seeds(in space: SearchSpace, budget: Budget) throws(SearchError) -> [Proposal] {
        let genes = space.uniformGenes(budget: budget)
        return [Proposal(levels: space.candidate(genes: genes).levels, operator: .uniformSeed)]
    }
}

/// Rates that rise (or, with a negative slope, fall) linearly from the first block to the last.
package struct SlopeSeeds: SeedProposer {
    /// Difference between the last block's rate and the mean, in units of the largest that keeps all rates in 0…1.
    package var slopes: [Double]

    package init(slopes: [Double] = [0.3, 0.6, -0.3]) { self.slopes = slopes }

    package func seeds(in space: SearchSpace, budget: Budget) throws(SearchError) -> [Proposal] {
        let kept = space.keptFraction(budget: budget)
        let places = space.genes.map { space.sublayers[$0.members[0]].block }
        let (first, last) = (places.min() ?? 0, places.max() ?? 0)
        let depths = places.map { last == first ? 0 : 2 * Double($0 - first) / Double(last - first) - 1 }
        return slopes.filter(\.isFinite).map { slope in
            let genes = zip(space.genes, depths).map { gene, depth in
                let fraction = min(max(kept - slope * min(kept, 1 - kept) * depth, 0), 1)
                return gene.nearest(toParameters: fraction * Double(gene.parameters[gene.top]))
            }
            return Proposal(levels: space.candidate(genes: genes).levels, operator: .slopeSeed)
        }
    }
}

extension SearchSpace {
    /// Fraction of all parameters that the budget keeps, at most 1.
    func keptFraction(budget: Budget) -> Double {
        fullParameters == 0 ? 1 : min(Double(budget.maximumParameters) / Double(fullParameters), 1)
    }

    /// Every gene at the option nearest to the budget's fraction, before repair.
    func uniformGenes(budget: Budget) -> [Int] {
        let kept = keptFraction(budget: budget)
        return genes.map { $0.nearest(toParameters: kept * Double($0.parameters[$0.top])) }
    }
}

extension Operator {
    package static let uniformSeed = Operator(rawValue: "seeds.uniform")
    package static let slopeSeed = Operator(rawValue: "seeds.slope")
}

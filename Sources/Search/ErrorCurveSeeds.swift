import Foundation

/// Allocates by the closed-form error curves of the nested least squares: minimises Σ error^exponent over the sublayers
/// under the budget (water-filling).
///
/// Exponent 1 is the plain additive knapsack, which concentrates the cuts on few sublayers and then does worse than
/// uniform, because the losses of sublayers do not add up. Larger exponents punish a large error in one place more
/// than the same error spread out; blends go part of the way from uniform.
package struct ErrorCurveSeeds: SeedProposer {
    /// Relative reconstruction error, per sublayer and level: about 1 at level 0, 0 at the full level.
    package var errors: [[Double]]
    package var exponents: [Double]
    /// How far to go from uniform (0) to the allocation (1).
    package var blends: [Double]

    package init(errors: [[Double]], exponents: [Double] = [1, 2, 4], blends: [Double] = [1, 0.5]) {
        self.errors = errors
        self.exponents = exponents
        self.blends = blends
    }

    /// One proposal per exponent and blend.
    package func seeds(in space: SearchSpace, budget: Budget) throws(SearchError) -> [Proposal] {
        try budget.check(in: space)
        try check(space)
        let uniform = space.repaired(genes: space.uniformGenes(budget: budget), to: budget)
        var proposals: [Proposal] = []
        for exponent in exponents {
            let costs = space.genes.map { gene in
                gene.options.map { levels in
                    zip(gene.members, levels).reduce(0) { $0 + pow(errors[$1.0][$1.1], exponent) }
                }
            }
            guard costs.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
                throw SearchError(.badErrorCurves, "The error curves overflow with exponent \(exponent)")
            }
            let optimum = Allocation(genes: space.genes, budget: budget, costs: costs)
                .solve(from: space.genes.map(\.top))
            for blend in blends {
                let genes = space.genes.indices.map { gene in
                    let parameters = space.genes[gene].parameters
                    let (from, to) = (Double(parameters[uniform[gene]]), Double(parameters[optimum[gene]]))
                    return blend == 1
                        ? optimum[gene] : space.genes[gene].nearest(toParameters: from + blend * (to - from))
                }
                proposals.append(
                    Proposal(levels: space.candidate(genes: genes).levels, operator: .errorCurveSeed))
            }
        }
        return proposals
    }

    private func check(_ space: SearchSpace) throws(SearchError) {
        guard errors.count == space.sublayers.count else {
            throw SearchError(
                .badErrorCurves, "There are \(errors.count) error curves for \(space.sublayers.count) sublayers")
        }
        for (index, curve) in errors.enumerated() {
            guard curve.count == space.sublayers[index].parameters.count else {
                throw SearchError(
                    .badErrorCurves,
                    "The error curve of sublayer \(index) has \(curve.count) levels, "
                        + "not \(space.sublayers[index].parameters.count)")
            }
            guard curve.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
                throw SearchError(
                    .badErrorCurves, "The error curve of sublayer \(index) has a value that is negative or not finite")
            }
        }
        guard exponents.allSatisfy({ $0.isFinite && $0 > 0 }), blends.allSatisfy(\.isFinite) else {
            throw SearchError(.badErrorCurves, "The exponents must be positive numbers and the blends numbers")
        }
    }
}

extension Operator {
    package static let errorCurveSeed = Operator(rawValue: "seeds.errorCurves")
}

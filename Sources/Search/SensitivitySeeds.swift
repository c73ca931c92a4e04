import Foundation

/// Allocates by what cutting each sublayer alone was measured to cost, at one level, with the shape of its error curve
/// for all other levels; minimises Σ cost^exponent under the budget.
///
/// The costs of single cuts do not add up. Exponent 1 is the plain additive knapsack; larger ones spread the cuts, smaller
/// ones pile them up. (On SmolLM2 at 30 %, divergences on 1024 tokens: 0.567 with 1, 0.686 with 1.5, 0.749 with 2, 0.843
/// with 3; 1.398 uniform.)
package struct SensitivitySeeds: SeedProposer {
    /// Cost of cutting each sublayer alone to its level in `levels`.
    package var sensitivities: [Double]
    package var levels: [Int]
    /// Relative error, per sublayer and level; `nil` for the square of the rate.
    package var errors: [[Double]]?
    package var exponents: [Double]

    package init(
        sensitivities: [Double], levels: [Int], errors: [[Double]]? = nil, exponents: [Double] = [1, 0.75, 1.25, 1.5]
    ) {
        self.sensitivities = sensitivities
        self.levels = levels
        self.errors = errors
        self.exponents = exponents
    }

    package func seeds(in space: SearchSpace, budget: Budget) throws(SearchError) -> [Proposal] {
        guard sensitivities.count == space.sublayers.count, levels.count == sensitivities.count else {
            throw SearchError(
                .badErrorCurves,
                "There are \(sensitivities.count) sensitivities for \(space.sublayers.count) sublayers")
        }
        var curves: [[Double]] = []
        for (index, sublayer) in space.sublayers.enumerated() {
            let shape = errors?[index] ?? sublayer.squaredRates
            guard shape.count == sublayer.parameters.count, shape.indices.contains(levels[index]) else {
                throw SearchError(.badErrorCurves, "The error curve of sublayer \(index) does not fit its levels")
            }
            // Noise makes the cost of what hardly matters negative.
            let scale = shape[levels[index]] > 0 ? max(sensitivities[index], 1e-6) / shape[levels[index]] : 0
            curves.append(shape.map { $0 * scale })
        }
        return try ErrorCurveSeeds(errors: curves, exponents: exponents, blends: [1])
            .seeds(in: space, budget: budget)
            .map { Proposal(levels: $0.levels, operator: .sensitivitySeed) }
    }
}

extension Operator {
    package static let sensitivitySeed = Operator(rawValue: "seeds.sensitivities")
}

import Foundation

/// Proposes what an additive model of everything evaluated so far takes for the best: Thompson sampling, so that what is
/// not known well is tried. The first proposal of a generation is the most probable optimum, the others those of drawn
/// models, every second one only half the way from a good candidate.
package struct SurrogateProposer: Proposer {
    private let errors: [[Double]]?
    private let tournament = 6
    /// Tries to find a candidate that was not evaluated before, bolder and bolder.
    private let tries = 6

    /// - Parameter errors: reconstruction error per sublayer and level; `nil` for the square of the rate.
    package init(errors: [[Double]]? = nil) { self.errors = errors }

    /// Nothing while there is nothing to learn from.
    package func plan(_ count: Int, in state: SearchState) -> [OperatorCount] {
        state.population.count < 2 ? [] : [OperatorCount(.surrogate, count)]
    }

    package func propose(
        _ plan: [OperatorCount], from state: SearchState
    ) throws(SearchError) -> ProposalBatch {
        var batch = ProposalBatch()
        for entry in plan where entry.operator == .surrogate && !state.population.isEmpty {
            try propose(entry.count, from: state, into: &batch)
        }
        return batch
    }

    private func propose(
        _ count: Int, from state: SearchState, into batch: inout ProposalBatch
    ) throws(SearchError) {
        let curves = try checkedErrors(state.space)
        guard count > 0, let loss = AdditiveLoss(state.records, errors: curves, prior: prior(curves, state)) else {
            return
        }
        var known = Set(state.records.map(\.candidate))
        for slot in 0..<count {
            var generator = state.generator(Operator.surrogate.rawValue, slot: slot)
            let parent = state.population[
                (0..<tournament).map { _ in generator.uniform(below: state.population.count) }.min() ?? 0]
            for attempt in 0..<tries {
                let temperature = slot == 0 && attempt == 0 ? 0 : pow(1.5, Double(attempt))
                let optimum = optimum(of: loss.curves(temperature: temperature, using: &generator), state)
                let genes =
                    slot.isMultiple(of: 2)
                    ? optimum : try halfway(from: parent.candidate, to: optimum, state)
                let candidate = state.space.candidate(genes: genes)
                guard known.insert(candidate).inserted else { continue }
                batch.proposals.append(
                    Proposal(levels: candidate.levels, operator: .surrogate, parents: [parent.index]))
                break
            }
        }
    }

    private func optimum(of curves: [[Double]], _ state: SearchState) -> [Int] {
        let costs = state.space.genes.map { gene in
            gene.options.map { levels in zip(gene.members, levels).reduce(0) { $0 + curves[$1.0][$1.1] } }
        }
        return Allocation(genes: state.space.genes, budget: state.budget, costs: costs)
            .solve(from: state.space.genes.map(\.top))
    }

    private func halfway(
        from candidate: Candidate, to optimum: [Int], _ state: SearchState
    ) throws(SearchError) -> [Int] {
        let start = try state.space.genes(nearest: candidate.levels)
        let middle = zip(state.space.genes, zip(start, optimum)).map { gene, values in
            gene.nearest(toParameters: Double(gene.parameters[values.0] + gene.parameters[values.1]) / 2)
        }
        return state.space.repaired(genes: middle, to: state.budget)
    }

    /// What a unit of error costs: by single cuts where they were measured, else the same everywhere.
    private func prior(_ errors: [[Double]], _ state: SearchState) -> [Double] {
        guard let sensitivities = state.sensitivities, sensitivities.count == errors.count else {
            return errors.map { _ in 1 }
        }
        let scales = state.space.sensitivityLevels(for: state.budget).enumerated().map { index, level in
            errors[index][level] > 0 ? sensitivities[index] / errors[index][level] : 0
        }
        let largest = scales.max() ?? 0
        return scales.map { max($0, 1e-3 * largest, 1e-12) }
    }

    private func checkedErrors(_ space: SearchSpace) throws(SearchError) -> [[Double]] {
        let curves = errors ?? space.sublayers.map(\.squaredRates)
        guard curves.count == space.sublayers.count,
            zip(curves, space.sublayers).allSatisfy({ $0.count == $1.parameters.count })
        else {
            throw SearchError(.badErrorCurves, "The error curves do not fit the sublayers of the space")
        }
        return curves.map { $0.map { $0.isFinite ? max($0, 0) : 0 } }
    }
}

extension Operator {
    package static let surrogate = Operator(rawValue: "surrogate")
}

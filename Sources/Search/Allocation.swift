/// Minimises a separable cost Σ_g cost_g(value_g) over gene values whose parameter count fits the budget and that are
/// *maximal*: no single gene can be raised by one option without leaving the budget.
///
/// A greedy method on the lower convex envelopes of the costs, then exchanges on the costs themselves:
/// 1. *Descend*: while over the budget, lower by one option the gene whose cost rises least per parameter freed
///    (the last one on a tie, so that early blocks keep more).
/// 2. *Fill*: while anything fits, raise by one option the gene whose cost falls most (or rises least) per parameter
///    (the first one on a tie).
/// 3. *Exchange*: raise one gene and lower another to make room, or lower one and raise another into the room, fill
///    again, and keep what costs less, until no such pair helps.
///
/// For convex costs and equal steps the first two phases alone are optimal; unequal steps make a knapsack problem, for
/// which the exchanges close most of the gap. Everything is deterministic.
struct Allocation {
    private let genes: [Gene]
    private let maximum: Int
    private let costs: [[Double]]
    /// Slopes of the convex envelope: `slopes[g][v]` is the cost change per parameter from option v to v + 1.
    private let slopes: [[Double]]

    /// - Parameter costs: per gene and option, finite. The budget must allow the lowest options.
    init(genes: [Gene], budget: Budget, costs: [[Double]]) {
        self.genes = genes
        self.costs = costs
        maximum = min(budget.maximumParameters, genes.reduce(0) { $0 + $1.parameters[$1.top] })
        slopes = zip(genes, costs).map { Self.envelopeSlopes(parameters: $0.parameters, costs: $1) }
    }

    func solve(from start: [Int]) -> [Int] {
        var values = start
        var total = zip(genes, values).reduce(0) { $0 + $1.0.parameters[$1.1] }
        descend(&values, &total)
        fill(&values, &total)
        exchange(&values, &total)
        return values
    }

    private func descend(_ values: inout [Int], _ total: inout Int) {
        while total > maximum {
            var best: Int?
            var least = Double.infinity
            for gene in genes.indices where values[gene] > 0 {
                let rise = -slopes[gene][values[gene] - 1]
                if best == nil || rise <= least { (best, least) = (gene, rise) }
            }
            guard let best else { return }
            values[best] -= 1
            total -= step(best, values[best])
        }
    }

    private func fill(_ values: inout [Int], _ total: inout Int) {
        while total < maximum {
            var best: Int?
            var least = Double.infinity
            for gene in genes.indices where values[gene] < genes[gene].top {
                guard step(gene, values[gene]) <= maximum - total else { continue }
                let rise = slopes[gene][values[gene]]
                if best == nil || rise < least { (best, least) = (gene, rise) }
            }
            guard let best else { return }
            total += step(best, values[best])
            values[best] += 1
        }
    }

    private func exchange(_ values: inout [Int], _ total: inout Int) {
        var cost = cost(of: values)
        var improved = true
        // Every accepted exchange lowers the cost, so this ends; the bound is for the patience of the caller.
        var remaining = 4 * genes.count
        while improved, remaining > 0 {
            improved = false
            for raised in genes.indices {
                for lowered in genes.indices where lowered != raised && remaining > 0 {
                    for move in [roomFor(raised, from: lowered, values, total), into(raised, lowered, values, total)] {
                        guard let move, change(move, raised, lowered, values) < 0 else { continue }
                        var trial = values
                        (trial[raised], trial[lowered]) = (move.raised, move.lowered)
                        var trialTotal = zip(genes, trial).reduce(0) { $0 + $1.0.parameters[$1.1] }
                        fill(&trial, &trialTotal)
                        let trialCost = self.cost(of: trial)
                        guard trialCost < cost else { continue }
                        (values, total, cost) = (trial, trialTotal, trialCost)
                        (improved, remaining) = (true, remaining - 1)
                        break
                    }
                }
            }
        }
    }

    private typealias Move = (raised: Int, lowered: Int)

    /// Raises `raised` by one option and lowers `lowered` just enough.
    private func roomFor(_ raised: Int, from lowered: Int, _ values: [Int], _ total: Int) -> Move? {
        guard values[raised] < genes[raised].top else { return nil }
        let needed = step(raised, values[raised]) - (maximum - total)
        let parameters = genes[lowered].parameters
        let kept = parameters[values[lowered]] - needed
        guard let target = parameters[...values[lowered]].lastIndex(where: { $0 <= kept }), target < values[lowered]
        else { return nil }
        return (values[raised] + 1, target)
    }

    /// Lowers `lowered` by one option and raises `raised` as far as that allows.
    private func into(_ raised: Int, _ lowered: Int, _ values: [Int], _ total: Int) -> Move? {
        guard values[lowered] > 0 else { return nil }
        let parameters = genes[raised].parameters
        let limit = parameters[values[raised]] + step(lowered, values[lowered] - 1) + (maximum - total)
        guard let target = parameters.lastIndex(where: { $0 <= limit }), target > values[raised] else { return nil }
        return (target, values[lowered] - 1)
    }

    private func change(_ move: Move, _ raised: Int, _ lowered: Int, _ values: [Int]) -> Double {
        costs[raised][move.raised] - costs[raised][values[raised]]
            + (costs[lowered][move.lowered] - costs[lowered][values[lowered]])
    }

    private func cost(of values: [Int]) -> Double { zip(costs, values).reduce(0) { $0 + $1.0[$1.1] } }

    /// Parameters between option `value` and the next.
    private func step(_ gene: Int, _ value: Int) -> Int {
        genes[gene].parameters[value + 1] - genes[gene].parameters[value]
    }

    /// Slopes of the lower convex hull of the points (parameters, cost), one per step (monotone chain).
    private static func envelopeSlopes(parameters: [Int], costs: [Double]) -> [Double] {
        func slope(_ from: Int, _ to: Int) -> Double {
            (costs[to] - costs[from]) / Double(parameters[to] - parameters[from])
        }
        var hull: [Int] = []
        for point in parameters.indices {
            while hull.count >= 2,
                slope(hull[hull.count - 2], hull[hull.count - 1]) > slope(hull[hull.count - 1], point)
            {
                hull.removeLast()
            }
            hull.append(point)
        }
        return zip(hull, hull.dropFirst()).flatMap { from, to in
            [Double](repeating: slope(from, to), count: to - from)
        }
    }
}

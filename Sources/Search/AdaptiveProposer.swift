/// All operators of several proposers, each used the more the more it improved candidates for its cost: probability
/// matching (Goldberg, *Probability matching, the magnitude of reinforcement*, 1990; Thierens, *An adaptive pursuit
/// strategy for allocating operator probabilities*, 2005).
///
/// Cost is counted in tokens, not timed: an evaluation's are known, a proposal states its own. At a steady speed that is
/// improvement per second, and a seed has one history however fast the machine is that day.
package struct AdaptiveProposer: Proposer {
    package let members: [any Proposer]
    /// Share that every operator keeps, as long as there are few enough: it may be good later.
    package var floor = 0.05
    /// What a generation counts less than the one after it.
    package var decay = 0.9
    /// Offspring that an operator is taken to have had before any, of average gain.
    package var prior = 4.0

    package init(_ members: [any Proposer]) { self.members = members }

    package func plan(_ count: Int, in state: SearchState) -> [OperatorCount] {
        let entries = members.flatMap { $0.plan(count, in: state) }
        guard !entries.isEmpty else { return [] }
        var shares = shares(of: entries.map(\.operator), in: state)
        for (place, entry) in entries.enumerated() {
            // Instead of a few in every generation, a batch in some.
            let period = Int((Double(min(entry.batch, count)) / max(shares[place] * Double(count), 0.1)).rounded())
            guard period > 1 else { continue }
            shares[place] *= (state.generation + place).isMultiple(of: period) ? Double(period) : 0
        }
        let sum = shares.reduce(0, +)
        // All of them wait for their turn.
        if sum == 0 { shares = shares.map { _ in 1 } }
        let counts = Self.share(count, by: shares.map { $0 / (sum == 0 ? Double(shares.count) : sum) })
        return zip(entries, counts).map { OperatorCount($0.operator, $1, batch: $0.batch) }
    }

    package var plansAhead: Bool { members.contains { $0.plansAhead } }

    package func propose(_ plan: [OperatorCount], from state: SearchState) async throws -> ProposalBatch {
        var batch = ProposalBatch()
        for (member, own) in split(plan, in: state) { batch.append(try await member.propose(own, from: state)) }
        return batch
    }

    package func prepare(_ plan: [OperatorCount], from state: SearchState) {
        for (member, own) in split(plan, in: state) where member.plansAhead { member.prepare(own, from: state) }
    }

    private func split(_ plan: [OperatorCount], in state: SearchState) -> [(any Proposer, [OperatorCount])] {
        // The plan was made of what was known then.
        let state = plansAhead ? state.lagged : state
        return members.compactMap { member in
            let own = Set(member.plan(1, in: state).map(\.operator))
            let wanted = plan.filter { own.contains($0.operator) && $0.count > 0 }
            return wanted.isEmpty ? nil : (member, wanted)
        }
    }

    /// Each operator's share of the next generation; they add up to 1.
    package func shares(of operators: [Operator], in state: SearchState) -> [Double] {
        var gains: [Operator: Double] = [:]
        var counts: [Operator: Double] = [:]
        var costs: [Operator: Double] = [:]
        for credit in Self.credits(state) {
            let weight = Double.power(decay, state.generation - 1 - credit.generation)
            gains[credit.operator, default: 0] += weight * credit.gain
            counts[credit.operator, default: 0] += weight
            costs[credit.operator, default: 0] += weight * credit.cost
        }
        let total = operators.reduce(into: (gain: 0.0, count: 0.0, cost: 0.0)) {
            $0.gain += gains[$1] ?? 0
            $0.count += counts[$1] ?? 0
            $0.cost += costs[$1] ?? 0
        }
        // Nothing is known, or nothing has improved: all alike.
        guard total.gain > 0, total.cost > 0 else {
            return operators.map { _ in 1 / Double(operators.count) }
        }
        let (meanGain, meanCost) = (total.gain / total.count, total.cost / total.count)
        let rates = operators.map { name in
            ((gains[name] ?? 0) + prior * meanGain) / ((costs[name] ?? 0) + prior * meanCost)
        }
        let sum = rates.reduce(0, +)
        let least = min(floor, 1 / Double(operators.count))
        let rest = 1 - least * Double(operators.count)
        return rates.map { least + rest * $0 / sum }
    }

    private struct Credit {
        var `operator`: Operator
        var generation: Int
        var gain: Double
        var cost: Double
    }

    /// Per offspring: the square of the share of the population that it is fitter than on the first rung. Ranks, since
    /// differences of fitness shrink as a search goes on (Fialho, Schoenauer, Sebag: *Toward comparison-based adaptive
    /// operator selection*, 2010); squared, since a search advances at the head of its population.
    private static func credits(_ state: SearchState) -> [Credit] {
        let evaluation = Double(max(state.evaluationTokens, 1))
        var credits: [Credit] = []
        var known: [Double] = []
        var start = 0
        while start < state.records.count {
            let generation = state.records[start].generation
            let end = state.records[start...].firstIndex { $0.generation != generation } ?? state.records.count
            for record in state.records[start..<end] where !known.isEmpty && !record.isSeed {
                let score = record.scores.first ?? .infinity
                let beaten = Double(known.count - (known.firstIndex { score < $0 } ?? known.count))
                credits.append(
                    Credit(
                        operator: record.operator, generation: generation,
                        gain: beaten * beaten / Double(known.count * known.count),
                        cost: evaluation + record.proposalWork))
            }
            for rejection in state.rejections where rejection.generation == generation {
                // What an endpoint does is not counted in tokens, but what it says in vain must not be free.
                let work = rejection.work > 0 ? rejection.work : evaluation
                credits.append(Credit(operator: rejection.operator, generation: generation, gain: 0, cost: work))
            }
            known = (known + state.records[start..<end].compactMap { $0.scores.first }.filter(\.isFinite))
                .sorted().prefix(state.populationSize).map { $0 }
            start = end
        }
        return credits
    }

    /// Whole numbers that add up to `count`, by largest remainder, the first on a tie.
    static func share(_ count: Int, by shares: [Double]) -> [Int] {
        var counts = shares.map { Int(($0 * Double(count)).rounded(.down)) }
        let order = shares.indices.sorted { left, right in
            let remainders = (
                shares[left] * Double(count) - Double(counts[left]),
                shares[right] * Double(count) - Double(counts[right])
            )
            return remainders.0 != remainders.1 ? remainders.0 > remainders.1 : left < right
        }
        var missing = count - counts.reduce(0, +)
        for place in order where missing > 0 {
            counts[place] += 1
            missing -= 1
        }
        return counts
    }
}

extension Double {
    fileprivate static func power(_ base: Double, _ exponent: Int) -> Double {
        (0..<max(exponent, 0)).reduce(1) { result, _ in result * base }
    }
}

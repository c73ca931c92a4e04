/// Every evaluation of a run in order, and what it needs to be continued.
package struct SearchHistory: Hashable, Codable, Sendable {
    package var seed: UInt64
    package var budget: Budget
    package private(set) var records: [FitnessRecord] = []

    package init(seed: UInt64, budget: Budget, records: [FitnessRecord] = []) {
        self.seed = seed
        self.budget = budget
        self.records = records
    }

    /// The evaluation with the lowest finite fitness, the earliest on a tie.
    package var best: FitnessRecord? {
        records.filter(\.fitness.isFinite).min(by: FitnessRecord.isBetter)
    }

    /// Lowest finite fitness after each evaluation; infinite before the first.
    package var bestSoFar: [Double] {
        var best = Double.infinity
        return records.map { record in
            best = min(best, record.fitness)
            return best
        }
    }

    /// Seconds spent proposing and evaluating.
    package var seconds: Double { records.reduce(0) { $0 + $1.proposalSeconds + $1.evaluationSeconds } }

    /// The same evaluations without their times: equal for runs with the same seed.
    package var withoutTimes: SearchHistory {
        var history = self
        for index in history.records.indices {
            history.records[index].proposalSeconds = 0
            history.records[index].evaluationSeconds = 0
        }
        return history
    }

    /// The population after the first `count` evaluations, best first: the `elites` best, then as many of the most
    /// recent others as there is room for. Failed evaluations are never members.
    package func population(after count: Int, size: Int, elites: Int) -> [FitnessRecord] {
        let ranked = records.prefix(count).filter(\.fitness.isFinite).sorted(by: FitnessRecord.isBetter)
        let recent = ranked.dropFirst(elites).sorted { $0.index > $1.index }.prefix(max(size - elites, 0))
        return (ranked.prefix(elites) + recent).sorted(by: FitnessRecord.isBetter)
    }

    mutating func append(_ record: FitnessRecord) { records.append(record) }
}

/// What an operator achieved.
package struct OperatorStatistics: Hashable, Codable, Sendable {
    package var `operator`: Operator
    package var evaluated = 0
    /// Evaluations that entered the population on merit, being among its `elites` best of all so far.
    package var accepted = 0
    /// Evaluations that became the best so far.
    package var improvedBest = 0
    /// Evaluations without a finite fitness.
    package var failed = 0
    /// Proposals that had been evaluated before and were changed.
    package var duplicates = 0
    package var proposalSeconds = 0.0
    package var evaluationSeconds = 0.0
}

extension SearchHistory {
    /// Per operator, in order of first appearance.
    package func statistics(elites: Int) -> [OperatorStatistics] {
        var statistics: [OperatorStatistics] = []
        var places: [Operator: Int] = [:]
        var ranked: [Double] = []
        for record in records {
            let place = places[record.operator] ?? statistics.count
            if place == statistics.count {
                places[record.operator] = place
                statistics.append(OperatorStatistics(operator: record.operator))
            }
            statistics[place].evaluated += 1
            statistics[place].duplicates += record.duplicates
            statistics[place].proposalSeconds += record.proposalSeconds
            statistics[place].evaluationSeconds += record.evaluationSeconds
            guard record.fitness.isFinite else {
                statistics[place].failed += 1
                continue
            }
            let rank = ranked.firstIndex { record.fitness < $0 } ?? ranked.count
            ranked.insert(record.fitness, at: rank)
            if rank < elites { statistics[place].accepted += 1 }
            if rank == 0 { statistics[place].improvedBest += 1 }
        }
        return statistics
    }
}

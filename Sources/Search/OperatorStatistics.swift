/// What an operator achieved.
package struct OperatorStatistics: Hashable, Codable, Sendable {
    package var `operator`: Operator
    package var evaluated = 0
    /// Candidates that were in the population after their own generation.
    package var accepted = 0
    /// Candidates that were fitter than every parent on the first rung.
    package var improvedParents = 0
    /// Candidates that became the best so far on the last rung.
    package var improvedBest = 0
    /// Candidates without a finite fitness.
    package var failed = 0
    /// Proposals that had been evaluated before and were changed.
    package var duplicates = 0
    /// What a language model said and was of no use.
    package var rejected = 0
    /// Mean agreement with what a language model was shown; `nil` for other operators.
    package var agreement: Agreement?
    package var proposalSeconds = 0.0
    package var evaluationSeconds = 0.0
    /// Tokens of a forward pass that proposing cost.
    package var proposalWork = 0.0

    package init(operator: Operator) { self.operator = `operator` }
}

extension SearchHistory {
    /// Per operator, in order of first appearance.
    package func statistics(population size: Int, elites: Int) -> [OperatorStatistics] {
        var statistics: [OperatorStatistics] = []
        var places: [Operator: Int] = [:]
        func place(_ name: Operator) -> Int {
            if let known = places[name] { return known }
            places[name] = statistics.count
            statistics.append(OperatorStatistics(operator: name))
            return statistics.count - 1
        }
        let top = records.map(\.scores.count).max() ?? 0
        var best = Double.infinity
        for index in generationStarts.indices {
            let members = generation(index)
            let survivors = Set(records[..<members.endIndex].population(size: size, elites: elites).map(\.index))
            for record in members where !record.scores.isEmpty {
                let place = place(record.operator)
                statistics[place].evaluated += 1
                statistics[place].duplicates += record.duplicates
                statistics[place].proposalSeconds += record.proposalSeconds
                statistics[place].evaluationSeconds += record.evaluationSeconds
                statistics[place].proposalWork += record.proposalWork
                guard record.fitness.isFinite else {
                    statistics[place].failed += 1
                    continue
                }
                if survivors.contains(record.index) { statistics[place].accepted += 1 }
                if !record.parents.isEmpty,
                    record.parents.allSatisfy({ record.scores[0] < records[$0].scores.first ?? .infinity })
                {
                    statistics[place].improvedParents += 1
                }
                if record.scores.count == top, record.fitness < best {
                    best = record.fitness
                    statistics[place].improvedBest += 1
                }
            }
        }
        for index in statistics.indices {
            let known = records.filter { $0.operator == statistics[index].operator }.compactMap(\.agreement)
            guard !known.isEmpty else { continue }
            let count = Double(known.count)
            statistics[index].agreement = Agreement(
                share: known.reduce(0) { $0 + $1.share } / count, chance: known.reduce(0) { $0 + $1.chance } / count)
        }
        for rejection in rejections {
            let place = place(rejection.operator)
            statistics[place].rejected += 1
            statistics[place].proposalSeconds += rejection.seconds
            statistics[place].proposalWork += rejection.work
        }
        return statistics
    }
}

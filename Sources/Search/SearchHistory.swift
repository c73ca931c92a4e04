/// Every candidate of a run in order, with what is known of it: the events so far, added up.
package struct SearchHistory: Hashable, Sendable {
    package let seed: UInt64
    package let budget: Budget
    package private(set) var records: [FitnessRecord] = []
    package private(set) var rejections: [Rejection] = []
    /// Index of the first record of each generation.
    package private(set) var generationStarts: [Int] = []
    package private(set) var finishReason: FinishReason?

    package init(seed: UInt64, budget: Budget) {
        self.seed = seed
        self.budget = budget
    }

    /// - Throws: `SearchError.badHistory` for events that cannot follow those before them.
    package init(seed: UInt64, budget: Budget, events: some Sequence<SearchEvent>) throws(SearchError) {
        self.init(seed: seed, budget: budget)
        for event in events { try apply(event) }
    }

    package mutating func apply(_ event: SearchEvent) throws(SearchError) {
        finishReason = nil
        switch event {
        case .proposed(let generation):
            guard generation.index == generationStarts.count, !generation.records.isEmpty else {
                throw SearchError(.badHistory, "Generation \(generation.index) of the history is out of order")
            }
            for (place, record) in generation.records.enumerated() {
                guard record.index == records.count + place, record.scores.isEmpty,
                    record.parents.allSatisfy({ records.indices.contains($0) })
                else { throw SearchError(.badHistory, "Candidate \(record.index) of the history is out of order") }
            }
            generationStarts.append(records.count)
            records += generation.records
            rejections += generation.rejections
        case .scored(let score):
            guard records.indices.contains(score.index), records[score.index].scores.count == score.rung else {
                throw SearchError(
                    .badHistory, "The score of candidate \(score.index) on rung \(score.rung) is out of order")
            }
            records[score.index].scores.append(score.fitness.isFinite ? score.fitness : .infinity)
            records[score.index].evaluationSeconds += score.seconds
        case .finished(let reason):
            finishReason = reason
        }
    }

    /// Candidates that have been measured at least once.
    package var evaluated: Int { evaluated(onRung: 0) }

    /// Candidates that have been measured on a rung.
    package func evaluated(onRung rung: Int) -> Int { records.reduce(0) { $0 + ($1.scores.count > rung ? 1 : 0) } }

    /// Who went furthest in the race and is fittest there, the earliest on a tie.
    package var best: FitnessRecord? {
        records.filter(\.fitness.isFinite).min(by: FitnessRecord.isBetter)
    }

    /// Lowest finite fitness on the last rung after each candidate; infinite before the first that reached it.
    package var bestSoFar: [Double] {
        let rung = records.map(\.scores.count).max() ?? 0
        var best = Double.infinity
        return records.map { record in
            if record.scores.count == rung { best = min(best, record.fitness) }
            return best
        }
    }

    /// Seconds spent proposing and evaluating.
    package var seconds: Double {
        records.reduce(0) { $0 + $1.proposalSeconds + $1.evaluationSeconds } + rejections.reduce(0) { $0 + $1.seconds }
    }

    package var proposalSeconds: Double {
        records.reduce(0) { $0 + $1.proposalSeconds } + rejections.reduce(0) { $0 + $1.seconds }
    }

    /// The same candidates without their times: equal for runs with the same seed.
    package var withoutTimes: SearchHistory {
        var history = self
        for index in history.records.indices {
            history.records[index].proposalSeconds = 0
            history.records[index].evaluationSeconds = 0
        }
        for index in history.rejections.indices { history.rejections[index].seconds = 0 }
        return history
    }

    /// Records of the generation at `index`.
    package func generation(_ index: Int) -> ArraySlice<FitnessRecord> {
        let end = index + 1 < generationStarts.count ? generationStarts[index + 1] : records.count
        return records[generationStarts[index]..<end]
    }
}

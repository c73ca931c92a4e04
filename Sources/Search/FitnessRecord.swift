/// One candidate of the history.
package struct FitnessRecord: Hashable, Sendable {
    /// Position in the history, from 0.
    package var index: Int
    package var generation: Int
    package var candidate: Candidate
    /// Fitness on each rung that it reached; infinite where an evaluation gave no finite number.
    package var scores: [Double]
    package var `operator`: Operator
    /// Indices of the evaluations it was made from.
    package var parents: [Int]
    package var promptHash: String?
    package var agreement: Agreement?
    /// How often the proposal had to be changed because it had been evaluated before.
    package var duplicates: Int
    /// What proposing it cost, in tokens of a forward pass.
    package var proposalWork: Double
    package var proposalSeconds: Double
    package var evaluationSeconds: Double

    package init(
        index: Int, generation: Int = 0, candidate: Candidate, scores: [Double] = [], operator: Operator,
        parents: [Int] = [], promptHash: String? = nil, agreement: Agreement? = nil, duplicates: Int = 0,
        proposalWork: Double = 0,
        proposalSeconds: Double = 0, evaluationSeconds: Double = 0
    ) {
        self.index = index
        self.generation = generation
        self.candidate = candidate
        self.scores = scores.map { $0.isFinite ? $0 : .infinity }
        self.operator = `operator`
        self.parents = parents
        self.promptHash = promptHash
        self.agreement = agreement
        self.duplicates = duplicates
        self.proposalWork = proposalWork
        self.proposalSeconds = proposalSeconds
        self.evaluationSeconds = evaluationSeconds
    }

    /// Made by no proposer, but in closed form before the search.
    var isSeed: Bool { `operator`.rawValue.hasPrefix("seeds.") }

    /// On the highest rung that it reached; infinite before any.
    package var fitness: Double { scores.last ?? .infinity }

    /// Best first: who went further in the race, then the fitness there, on a tie the earlier one.
    static func isBetter(_ left: Self, _ right: Self) -> Bool {
        if left.scores.count != right.scores.count { return left.scores.count > right.scores.count }
        return left.fitness != right.fitness ? left.fitness < right.fitness : left.index < right.index
    }
}

/// JSON has no infinity: a score that is not finite is null.
extension FitnessRecord: Codable {
    private enum Key: String, CodingKey {
        case index, generation, candidate, scores, `operator`, parents, promptHash, agreement, duplicates, proposalWork,
            proposalSeconds, evaluationSeconds
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            index: try container.decode(Int.self, forKey: .index),
            generation: try container.decode(Int.self, forKey: .generation),
            candidate: try container.decode(Candidate.self, forKey: .candidate),
            scores: try container.decode([Double?].self, forKey: .scores).map { $0 ?? .infinity },
            operator: try container.decode(Operator.self, forKey: .operator),
            parents: try container.decode([Int].self, forKey: .parents),
            promptHash: try container.decodeIfPresent(String.self, forKey: .promptHash),
            agreement: try container.decodeIfPresent(Agreement.self, forKey: .agreement),
            duplicates: try container.decode(Int.self, forKey: .duplicates),
            proposalWork: try container.decode(Double.self, forKey: .proposalWork),
            proposalSeconds: try container.decode(Double.self, forKey: .proposalSeconds),
            evaluationSeconds: try container.decode(Double.self, forKey: .evaluationSeconds))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(index, forKey: .index)
        try container.encode(generation, forKey: .generation)
        try container.encode(candidate, forKey: .candidate)
        try container.encode(scores.map { $0.isFinite ? $0 : nil }, forKey: .scores)
        try container.encode(`operator`, forKey: .operator)
        try container.encode(parents, forKey: .parents)
        try container.encodeIfPresent(promptHash, forKey: .promptHash)
        try container.encodeIfPresent(agreement, forKey: .agreement)
        try container.encode(duplicates, forKey: .duplicates)
        try container.encode(proposalWork, forKey: .proposalWork)
        try container.encode(proposalSeconds, forKey: .proposalSeconds)
        try container.encode(evaluationSeconds, forKey: .evaluationSeconds)
    }
}

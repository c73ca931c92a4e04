/// What the search minimises.
package protocol Fitness {
    /// Lower is better. A value that is not finite counts as worst. What it throws ends the search and is passed on.
    mutating func evaluate(_ candidate: Candidate) async throws -> Double
}

/// One evaluation.
package struct FitnessRecord: Hashable, Sendable {
    /// Position in the history, from 0.
    package var index: Int
    package var candidate: Candidate
    /// Infinite when the evaluation gave no finite number.
    package var fitness: Double
    package var `operator`: Operator
    /// Indices of the evaluations it was made from.
    package var parents: [Int]
    /// How often the proposal had to be changed because it had been evaluated before.
    package var duplicates: Int
    package var proposalSeconds: Double
    package var evaluationSeconds: Double

    package init(
        index: Int, candidate: Candidate, fitness: Double, operator: Operator, parents: [Int] = [],
        duplicates: Int = 0, proposalSeconds: Double = 0, evaluationSeconds: Double = 0
    ) {
        self.index = index
        self.candidate = candidate
        self.fitness = fitness.isFinite ? fitness : .infinity
        self.operator = `operator`
        self.parents = parents
        self.duplicates = duplicates
        self.proposalSeconds = proposalSeconds
        self.evaluationSeconds = evaluationSeconds
    }

    /// Best first; on a tie the earlier one.
    static func isBetter(_ left: Self, _ right: Self) -> Bool {
        left.fitness != right.fitness ? left.fitness < right.fitness : left.index < right.index
    }
}

/// JSON has no infinity: an evaluation that failed has no `fitness` key.
extension FitnessRecord: Codable {
    private enum Key: String, CodingKey {
        case index, candidate, fitness, `operator`, parents, duplicates, proposalSeconds, evaluationSeconds
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            index: try container.decode(Int.self, forKey: .index),
            candidate: try container.decode(Candidate.self, forKey: .candidate),
            fitness: try container.decodeIfPresent(Double.self, forKey: .fitness) ?? .infinity,
            operator: try container.decode(Operator.self, forKey: .operator),
            parents: try container.decode([Int].self, forKey: .parents),
            duplicates: try container.decode(Int.self, forKey: .duplicates),
            proposalSeconds: try container.decode(Double.self, forKey: .proposalSeconds),
            evaluationSeconds: try container.decode(Double.self, forKey: .evaluationSeconds))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(index, forKey: .index)
        try container.encode(candidate, forKey: .candidate)
        if fitness.isFinite { try container.encode(fitness, forKey: .fitness) }
        try container.encode(`operator`, forKey: .operator)
        try container.encode(parents, forKey: .parents)
        try container.encode(duplicates, forKey: .duplicates)
        try container.encode(proposalSeconds, forKey: .proposalSeconds)
        try container.encode(evaluationSeconds, forKey: .evaluationSeconds)
    }
}

/// What happens in a search. Events are sent before they are used for anything: a journal that has them can continue
/// the run.
package enum SearchEvent: Hashable, Codable, Sendable {
    /// The candidates of a generation are settled; none of them is evaluated yet.
    case proposed(Generation)
    case scored(Score)
    case finished(FinishReason)
}

/// The candidates of a generation, repaired and new, and what was refused on the way.
package struct Generation: Hashable, Codable, Sendable {
    package var index: Int
    /// Without scores.
    package var records: [FitnessRecord]
    package var rejections: [Rejection]
}

/// One evaluation.
package struct Score: Hashable, Sendable {
    /// Position of the candidate in the history.
    package var index: Int
    package var rung: Int
    /// Infinite when the evaluation gave no finite number.
    package var fitness: Double
    package var seconds: Double
}

/// JSON has no infinity: a failed evaluation has no `fitness`.
extension Score: Codable {
    private enum Key: String, CodingKey { case index, rung, fitness, seconds }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        index = try container.decode(Int.self, forKey: .index)
        rung = try container.decode(Int.self, forKey: .rung)
        fitness = try container.decodeIfPresent(Double.self, forKey: .fitness) ?? .infinity
        seconds = try container.decode(Double.self, forKey: .seconds)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(index, forKey: .index)
        try container.encode(rung, forKey: .rung)
        if fitness.isFinite { try container.encode(fitness, forKey: .fitness) }
        try container.encode(seconds, forKey: .seconds)
    }
}

package enum FinishReason: String, Hashable, Codable, Sendable {
    /// All candidates were evaluated.
    case candidates
    case timeLimit
    case cancelled
    /// No candidate was found that had not been evaluated.
    case exhausted
}

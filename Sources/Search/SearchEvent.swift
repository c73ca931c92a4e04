/// What a search tells while it runs.
package enum SearchEvent: Sendable {
    /// Sent before the result is used for anything: a journal that has it can continue the run.
    case evaluated(FitnessRecord, best: FitnessRecord?)
    case finished(FinishReason)
}

package enum FinishReason: String, Hashable, Codable, Sendable {
    /// All candidates were evaluated.
    case candidates
    case timeLimit
    case cancelled
    /// No candidate was found that had not been evaluated.
    case exhausted
}

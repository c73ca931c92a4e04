import Search

/// A line of a run's journal.
enum RunEvent: Codable, Sendable {
    /// KL of the model with one sublayer cut, per sublayer.
    case sensitivities([Double], seconds: Double)
    case search(SearchEvent)
    /// What evaluating cost since the process began.
    case work(EvaluationWork)
}

/// What evaluations cost.
public struct EvaluationWork: Codable, Sendable {
    /// Tokens times sublayers that were run.
    public var tokenSublayers: Int
    /// The same if every candidate had been evaluated alone.
    public var tokenSublayersAlone: Int
    /// Tokens whose next-token probabilities were computed.
    public var headTokens: Int
    /// The most bytes of activations that were held at a time.
    public var peakActivationBytes: Int
    public var seconds: Double
}

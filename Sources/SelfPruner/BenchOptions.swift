import Checkpoints

/// What to measure of which models' speed.
public struct BenchOptions: Sendable {
    /// Run in turns: the first, the second, …, the first, …
    public var models: [String]
    /// The one of `models` that the others are compared with; `nil` for no comparison.
    public var reference: Int?
    /// Tokens of the prompt.
    public var promptTokens = 512
    /// Tokens that are made behind it.
    public var newTokens = 64
    /// Of each model.
    public var runs = 5
    public var compute = ComputeOptions()

    public init(models: [String], reference: Int? = nil) {
        self.models = models
        self.reference = reference
    }

    /// Positions of the prompt, of the tokens made, and of one that is made before them and not timed.
    var positions: Int { promptTokens + 1 + newTokens }

    /// - Throws: `SelfPrunerError.badOption`.
    func check() throws(SelfPrunerError) {
        for (count, what) in [(promptTokens, "tokens of the prompt"), (newTokens, "tokens to make")]
        where !(1...1_000_000).contains(count) {
            throw SelfPrunerError(.badOption, "The \(what) must lie between 1 and 1000000, not \(count)")
        }
        guard (1...1000).contains(runs) else {
            throw SelfPrunerError(.badOption, "The number of runs must lie between 1 and 1000, not \(runs)")
        }
    }

    /// - Throws: `SelfPrunerError.badOption` for a model whose context is too short.
    func check(_ checkpoint: any Checkpoint) throws(SelfPrunerError) {
        let context = checkpoint.description.contextLength
        guard positions <= context else {
            throw SelfPrunerError(
                .badOption,
                "\(promptTokens) tokens of the prompt and \(newTokens + 1) behind it are more than the context of "
                    + "\(checkpoint.path), \(context)")
        }
    }
}

/// What each part of a model is worth to it: the content of `selfpruner analyze --json`.
///
/// A *loss* is the fitness with some parts cut, beyond that of the whole model: with `kl`, nats per token between the
/// two models' predictions. What is cut is made up for as in pruning: the output projection is refit, and a part that
/// is gone leaves its mean.
public struct AnalysisReport: Sendable, Codable {
    public var program: String
    public var model: String
    public var method: String
    public var order: String
    /// `kl`, or `nll` (negative log-likelihood) where the fitness is the perplexity.
    public var fitness: String
    /// The text, and the tokens of it that cuts were measured on.
    public var text: String
    public var tokens: Int
    /// Cuts that were measured.
    public var measured: Int
    public var blocks: [Block]
    /// Blocks by the loss of removing them, the least first.
    public var ranking: [Int]
    public var kinds: [Kind]
    /// The parts that cost least removed two at a time, those that substitute for each other most first.
    public var pairs: [Pair]
    public var interpolation: Interpolation
    /// Seconds of each stage.
    public var seconds: [String: Double]

    public struct Block: Sendable, Codable {
        public var index: Int
        public var parameters: Int
        /// Smallest first; the last one is the whole sublayer. One entry where the block has no such sublayer.
        public var attention: [Level]
        public var mlp: [Level]
        /// Of removing both sublayers.
        public var loss: Double
    }

    /// A sublayer cut alone.
    public struct Level: Sendable, Codable {
        /// Groups, or channels, that are kept.
        public var units: Int
        /// Query heads that are kept of an attention.
        public var queryHeads: Int?
        /// Fraction of the sublayer's parameters that is removed.
        public var rate: Double
        public var loss: Double
        /// Measured, not interpolated.
        public var measured: Bool
    }

    /// All sublayers of one kind, each cut alone: sums over the blocks.
    public struct Kind: Sendable, Codable {
        /// `attention` or `mlp`.
        public var name: String
        public var parameters: Int
        public var halfLoss: Double
        public var loss: Double
        /// `halfLoss` by million parameters that it frees.
        public var halfLossPerMillion: Double
    }

    /// A block, or one of its sublayers.
    public struct Part: Sendable, Codable, Hashable {
        /// `block`, `attention` or `mlp`.
        public var kind: String
        public var block: Int
    }

    /// Two parts removed together.
    public struct Pair: Sendable, Codable {
        public var parts: [Part]
        public var loss: Double
        /// Of each of the two alone, added.
        public var sum: Double
        /// `loss` − `sum`. Above 0, each part makes up for the lack of the other; below 0, what the two lack is partly
        /// the same.
        public var interaction: Double
    }

    /// How well losses that were not measured are known: relative errors of some that were foretold first and measured
    /// then.
    public struct Interpolation: Sendable, Codable {
        public var checks: Int
        public var medianError: Double
        public var worstError: Double
    }
}

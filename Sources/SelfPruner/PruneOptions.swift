/// What to prune and how.
public struct PruneOptions: Sendable {
    public enum Method: String, Sendable, Codable, CaseIterable {
        /// Units in Wanda-sp's order, output projections refit by nested least squares, with a bias.
        case nested
        /// Wanda-sp as published: no refit, no bias.
        case wandaSP = "wanda-sp"
    }

    public enum Allocation: String, Sendable, Codable, CaseIterable {
        /// The same rate everywhere.
        case uniform
        /// Rates found by evolution.
        case search
    }

    public enum Fitness: String, Sendable, Codable, CaseIterable {
        /// Mean KL(dense ‖ pruned) per token.
        case kl
        /// Perplexity on the fitness text, as in the paper.
        case perplexity
    }

    public enum Granularity: String, Sendable, Codable, CaseIterable {
        /// One rate for a block, as in the paper.
        case layer
        /// Attention and MLP apart.
        case sublayer
    }

    public enum ElementType: String, Sendable, Codable, CaseIterable {
        /// The input's own type; bfloat16 for quantised input.
        case auto
        case float32, float16, bfloat16
    }

    public var model: String
    /// Folder of the smaller model.
    public var output: String
    /// Fraction of the decoder blocks' parameters to remove.
    public var rate: Double
    public var method = Method.nested
    /// `nil`: search for `nested`, uniform for `wanda-sp`.
    public var allocation: Allocation?
    public var granularity = Granularity.sublayer
    /// Channels of one step of an MLP; `nil` for a 32nd of its channels in multiples of 32.
    public var channelStep: Int?
    /// λ of the least squares, a fraction of the inputs' mean variance.
    public var ridge = 1e-3
    public var fitness = Fitness.kl
    /// Evaluations of the search.
    public var candidates = 120
    public var population = 30
    /// Seconds that the search may take.
    public var timeLimit: Double?
    public var seed: UInt64 = 0
    /// Texts; `nil` for the default ones that set-up prepares.
    public var calibrationTexts: [String]?
    public var fitnessText: String?
    public var evaluationText: String?
    public var evaluationJoiner = TextJoiner.none
    public var calibrationTokens = 65536
    public var fitnessTokens = 4096
    public var evaluationTokens: Int? = 32768
    public var sequenceLength = 2048
    public var elementType = ElementType.auto
    /// Replaces an existing output.
    public var overwrite = false
    public var compute = ComputeOptions()

    public init(model: String, rate: Double, output: String) {
        self.model = model
        self.rate = rate
        self.output = output
    }

    /// - Throws: `SelfPrunerError.badOption`.
    func check() throws(SelfPrunerError) {
        guard rate > 0, rate < 1 else {
            throw SelfPrunerError(.badOption, "The rate must lie between 0 and 1, not \(rate)")
        }
        guard ridge >= 0, ridge.isFinite else {
            throw SelfPrunerError(.badOption, "The ridge must be 0 or more, not \(ridge)")
        }
        let counts = [
            ("candidates", candidates), ("the population", population), ("the calibration tokens", calibrationTokens),
            ("the fitness tokens", fitnessTokens), ("the evaluation tokens", evaluationTokens ?? 2),
            ("the channel step", channelStep ?? 1),
            ("the sequence length", sequenceLength > 1 ? sequenceLength : 0),
        ]
        for (name, count) in counts where count < 1 {
            throw SelfPrunerError(.badOption, "The number given for \(name) is too small")
        }
        if let timeLimit, !(timeLimit > 0) {
            throw SelfPrunerError(.badOption, "The time limit must be more than 0 seconds, not \(timeLimit)")
        }
    }
}

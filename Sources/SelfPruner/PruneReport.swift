/// What pruning cost and gained: `report.json`, and the content of `selfpruner prune --json`.
public struct PruneReport: Sendable, Codable {
    public var program: String
    public var settings: Settings
    public var rate: Rate
    /// What was asked for in place of a rate.
    public var target: Target?
    public var before: Figures
    public var after: Figures
    public var protocols: Protocols
    public var blocks: [Block]
    public var search: SearchReport?
    /// Left out where nothing was refitted behind the search.
    public var refit: RefitReport?
    /// Seconds of each stage.
    public var seconds: [String: Double]
    /// Seconds of stages that this run did not have to do, because it found their results in the calibration cache: what
    /// they took when they were done.
    public var cachedSeconds: [String: Double]?

    /// What reproduces the result: the same texts, settings, seed, machine and number of threads.
    public struct Settings: Sendable, Codable {
        public var model: String
        public var output: String
        public var rate: Double
        public var method: String
        /// Which units of a sublayer are kept first.
        public var order: String
        /// What attentions were cut by: `groups` or `heads`.
        public var attentionUnits: String
        public var allocation: String
        public var granularity: String
        public var channelStep: Int?
        /// Channels that every MLP keeps a multiple of; `nil` for the default.
        public var alignment: Int?
        public var ridge: Double
        public var firstTokenWeight: Double
        public var gradientTokens: Int
        /// What was asked for: `auto`, `none`, `output` or `residual`.
        public var refit: String
        public var fitness: String
        public var proposer: String
        public var candidates: Int
        public var population: Int
        public var generation: Int
        public var rungTokens: [Int]
        public var rungShares: [Double]
        /// Lowest and highest rate of a sublayer or block; empty without bounds.
        public var rateBounds: [Double]
        public var closedForm: Bool
        public var promptStyle: String
        public var prompts: String?
        public var fitnessJoiner: String
        public var evaluationJoiner: String
        public var timeLimit: Double?
        public var seed: UInt64
        public var chatModel: String?
        public var calibrationTexts: [String]
        public var fitnessText: String
        public var evaluationText: String
        public var calibrationTokens: Int
        /// Of the calibration tokens, in lists of the vocabulary in place of text.
        public var vocabularyShare: Double
        public var evaluationTokens: Int
        public var sequenceLength: Int
        public var format: String
        /// What weights are stored as: `bfloat16`, `q4_k_m`.
        public var elementType: String
        public var precision: String
        public var threads: Int
    }

    public struct Rate: Sendable, Codable {
        /// Asked for, of the decoder blocks' parameters.
        public var target: Double
        /// Removed of the decoder blocks' parameters.
        public var decoder: Double
        /// Removed of all parameters.
        public var total: Double
    }

    /// How much was to be cut, where it was not said as a rate, and what came of it.
    public struct Target: Sendable, Codable {
        /// `size` (bytes of the files with weights), `parameters` (without zeros that the format adds) or
        /// `perplexityIncrease` (a fraction).
        public var kind: String
        public var asked: Double
        public var reached: Double
        /// Rates that were tried, in that order, for a `perplexityIncrease`.
        public var steps: [Step]

        public struct Step: Sendable, Codable {
            public var rate: Double
            /// On the last text of the race.
            public var perplexity: Double
            public var increase: Double
        }
    }

    /// One model's measurements.
    public struct Figures: Sendable, Codable {
        public var perplexity: Double
        public var perplexityStandardError: Double
        public var negativeLogLikelihood: Double
        public var tokensScored: Int
        public var parameters: Int
        public var decoderParameters: Int
        /// Bytes of the weights as they lie on the disk.
        public var fileBytes: Int
        /// Their element types, most parameters first.
        public var elementTypes: [String]
        /// Bytes that the weights take in bfloat16, for a comparison of like with like.
        public var bfloat16Bytes: Int
        /// Of the evaluation: whole windows with the head at every position.
        public var prefillTokensPerSecond: Double
        /// One token at a time behind a short prompt.
        public var decodeTokensPerSecond: Double
        /// Mean KL(before ‖ after) in nats per token on the evaluation text; of the smaller model only.
        public var divergence: Double?
        /// What was asked for besides.
        public var speed: BenchReport.Figures?
        /// Over those from before, turn by turn.
        public var speedRatios: BenchReport.Figures?
        public var tasks: TasksReport?
        public var diversity: ContinuationsReport.Diversity?
        public var continuations: [ContinuationsReport.Continuation]?
    }

    public struct Protocols: Sendable, Codable {
        public var perplexity: PerplexityProtocol
        /// The first tokens of the evaluation text, on which the divergence was measured.
        public var divergenceTokens: Int?
        /// How prompts were continued.
        public var generation: ModelComparisonReport.Generation?
        /// Without the load average, which is this program's own.
        public var bench: ModelComparisonReport.Bench?
        /// Why speed was asked for and is not here, in a sentence.
        public var benchFailure: String?
        public var fitness: String
    }

    public struct Block: Sendable, Codable {
        public var index: Int
        public var keyValueHeads: Int
        public var denseKeyValueHeads: Int
        public var queryHeads: Int
        public var denseQueryHeads: Int
        public var channels: Int
        public var denseChannels: Int
        /// Removed fraction of the block's parameters, and of its sublayers'.
        public var rate: Double
        public var attentionRate: Double
        public var mlpRate: Double
    }
}

/// Models side by side: the content of `selfpruner compare-models --json`.
public struct ModelComparisonReport: Sendable, Codable {
    public var program: String
    public var protocols: Protocols
    /// The dense one first.
    public var models: [Model]

    /// How it was measured; what was not measured is not there.
    public struct Protocols: Sendable, Codable {
        public var precision: String
        public var threads: Int
        public var perplexity: PerplexityProtocol?
        /// The first tokens of the text, on which divergences were measured.
        public var divergenceTokens: Int?
        public var generation: Generation?
        public var bench: Bench?
    }

    public struct Generation: Sendable, Codable, Equatable {
        /// Name of the file.
        public var prompts: String
        public var count: Int
        public var maximumTokens: Int
        public var temperature: Double
        public var seed: UInt64
    }

    public struct Bench: Sendable, Codable, Equatable {
        public var promptTokens: Int
        public var newTokens: Int
        public var runs: Int
        public var loadAverage: Double?
    }

    public struct Model: Sendable, Codable {
        /// As it was named.
        public var model: String
        public var parameters: Int
        public var decoderParameters: Int
        /// Of the dense model's decoder parameters; 0 for itself.
        public var removed: Double
        /// Size of the GGUF file, or of the folder's safetensors files.
        public var diskBytes: Int
        /// The element types of the weights, most parameters first.
        public var elementTypes: [String]
        public var perplexity: Double?
        public var perplexityStandardError: Double?
        public var negativeLogLikelihood: Double?
        public var tokensScored: Int?
        /// Mean KL(dense ‖ model) in nats per token; `nil` for the dense model, and where tokenizers differ.
        public var divergence: Double?
        public var tasks: TasksReport?
        public var speed: BenchReport.Figures?
        /// Over the dense model's, turn by turn.
        public var speedRatios: BenchReport.Figures?
        public var diversity: ContinuationsReport.Diversity?
        public var continuations: [ContinuationsReport.Continuation]?
    }
}

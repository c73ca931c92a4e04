/// What a model loses by how much of it goes: the content of `frontier.json`.
public struct FrontierReport: Sendable, Codable {
    public var program: String
    public var model: String
    public var method: String
    public var proposer: String
    public var candidates: Int
    public var rungTokens: [Int]
    public var fitness: String
    /// How the perplexities were measured.
    public var perplexity: PerplexityProtocol
    /// The whole model: the curve's beginning.
    public var dense: Point
    /// By rate, and at each the uniform allocation before the searched one.
    public var points: [Point]

    public struct Point: Sendable, Codable {
        /// `dense`, `uniform` or `search`.
        public var allocation: String
        /// Asked for, and removed, of the decoder blocks' parameters.
        public var rate: Double
        public var removed: Double
        /// Embeddings included.
        public var parameters: Int
        public var decoderParameters: Int
        public var bfloat16Bytes: Int
        /// On the last text of the race.
        public var fitness: Double
        /// On the evaluation text.
        public var perplexity: Double
        public var perplexityStandardError: Double
        /// Of the search's run, in the output folder.
        public var run: String?
        /// Seconds that the search took.
        public var seconds: Double?
    }
}

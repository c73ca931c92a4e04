/// Proposers side by side: the content of `comparison.json`.
public struct ComparisonReport: Sendable, Codable {
    public var program: String
    public var model: String
    public var rate: Double
    public var candidates: Int
    public var rungTokens: [Int]
    public var fitness: String
    public var perplexity: PerplexityProtocol
    public var densePerplexity: Double
    public var runs: [Run]

    /// One search.
    public struct Run: Sendable, Codable {
        public var proposer: String
        public var seed: UInt64
        public var search: SearchReport
        /// Of the best candidate, on the evaluation text.
        public var perplexity: Double
    }

    /// Mean and standard deviation of a sample.
    public struct Statistic: Sendable, Equatable {
        public var mean: Double
        /// With n − 1; 0 for one value.
        public var deviation: Double

        init(_ values: [Double]) {
            let count = Double(max(values.count, 1))
            let mean = values.reduce(0, +) / count
            self.mean = mean
            let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            deviation = values.count > 1 ? (squares / (count - 1)).squareRoot() : 0
        }
    }

    /// In the order in which they were asked for.
    public var proposers: [String] {
        runs.reduce(into: []) { names, run in if !names.contains(run.proposer) { names.append(run.proposer) } }
    }

    public func runs(of proposer: String) -> [Run] { runs.filter { $0.proposer == proposer } }
}

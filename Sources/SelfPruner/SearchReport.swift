/// What a search found and what it cost.
public struct SearchReport: Sendable, Codable {
    public var proposer: String
    public var evaluated: Int
    /// `candidates` (all evaluated), `timeLimit`, `cancelled`, `exhausted` (no other candidates exist), or `nil` while
    /// the search is not finished.
    public var finishReason: String?
    /// Fitness of the uniform allocation on the highest rung it reached, where it is the first candidate.
    public var uniformFitness: Double?
    /// Fitness of the best candidate on the last rung.
    public var bestFitness: Double?
    /// Tokens of each rung's text, and candidates that were measured on it.
    public var rungTokens: [Int]
    public var evaluatedPerRung: [Int]
    public var seconds: Double
    public var secondsPerCandidate: Double
    /// Seconds and share of the search's time that went into proposing.
    public var proposalSeconds: Double
    public var proposalShare: Double
    public var sensitivitySeconds: Double
    public var work: EvaluationWork?
    /// How the memory that it was allowed is divided, in a few lines.
    public var memoryPlan: String?
    /// Lowest fitness on the last rung after each candidate; `nil` before the first.
    public var bestSoFar: [Double?]
    public var operators: [Operator]
    public var rejections: [Rejections]
    public var chat: ChatUsageReport?
    /// The fittest candidate.
    public var best: Best?

    public struct Operator: Sendable, Codable {
        public var name: String
        public var evaluated: Int
        /// In the population after their own generation.
        public var accepted: Int
        /// Fitter than all their parents on the first rung.
        public var improvedParents: Int
        public var improvedBest: Int
        public var rejected: Int
        public var proposalSeconds: Double
        public var evaluationSeconds: Double
        /// Share of a model's values, or moves, that agree with what it was shown, and what chance would give.
        public var agreement: Double?
        public var chanceAgreement: Double?
    }

    /// What was refused of what a language model said.
    public struct Rejections: Sendable, Codable {
        public var name: String
        public var reason: String
        public var count: Int
        /// The first one, in a sentence.
        public var example: String
    }

    public struct Best: Sendable, Codable {
        public var index: Int
        public var levels: [Int]
        public var name: String
        public var parents: [Int]
    }
}

/// How a search stands at one moment.
public struct SearchProgress: Sendable {
    public struct Operator: Sendable {
        public var name: String
        /// Candidates and rejections.
        public var proposed: Int
        /// Candidates that were in the population after their own generation.
        public var accepted: Int
        public var rejected: Int
        /// Spent proposing.
        public var seconds: Double
    }

    public var generation: Int
    public var generations: Int
    public var evaluated: Int
    /// Those of them that an earlier process evaluated.
    public var evaluatedBefore: Int
    public var total: Int
    /// Of this process.
    public var seconds: Double
    public var secondsLeft: Double?
    /// On the last rung that was reached.
    public var best: Double?
    public var fitnessName: String
    /// Fitness of the uniform allocation there.
    public var uniform: Double?
    public var bestSoFar: [Double]
    public var evaluatedPerRung: [Int]
    public var operators: [Operator]
    /// What the user should know, the latest last.
    public var messages: [String]
}

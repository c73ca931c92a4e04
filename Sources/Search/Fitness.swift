/// What the search minimises, on texts of growing length.
package protocol Fitness {
    /// Tokens of each rung's text, at least one rung. The last is what a candidate is chosen by.
    var rungTokens: [Int] { get }

    /// Measures all candidates on the text of one rung and reports each as soon as it is known, in any order.
    /// - Parameter onResult: takes the position in `candidates` and the fitness: lower is better, and a value that is
    ///   not finite counts as worst. What it throws ends the evaluation and is passed on.
    /// - Throws: what ends the search.
    mutating func evaluate(
        _ candidates: [Candidate], rung: Int, onResult: (Int, Double) throws -> Void
    ) async throws
}

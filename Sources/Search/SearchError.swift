/// What is wrong with a search's input, in one sentence.
package struct SearchError: Error, CustomStringConvertible, Equatable {
    package enum Code: String, Sendable {
        /// A search space without sublayers, or a sublayer whose table of levels makes no sense.
        case badSpace
        /// A target rate outside 0…1, or a budget below what the minimum levels need.
        case badBudget
        /// A level vector that has not one number per sublayer, or numbers that are not levels.
        case badCandidate
        /// Error curves that do not fit the space or are not finite.
        case badErrorCurves
        case badSettings
        /// A history that was not made by this space, budget, seed and seed candidates.
        case badHistory
    }

    package var code: Code
    /// A sentence without its final stop.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(message)." }
}

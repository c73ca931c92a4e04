/// Candidates cannot be evaluated as asked.
package struct CompactionError: Error, CustomStringConvertible, Equatable {
    package enum Code: String, Sendable {
        /// The memory allowed is less than an evaluation needs.
        case memoryTooSmall
        /// There is no such rung.
        case badRung
    }

    package var code: Code
    /// A sentence without its final stop.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message + "." }
}

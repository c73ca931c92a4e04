/// A model cannot be built or run as asked.
package struct ModelError: Error, CustomStringConvertible {
    package enum Code: String, Sendable { case tokenOutOfRange, contextExceeded, emptyInput }

    package var code: Code
    /// A sentence without its final stop.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message + "." }
}

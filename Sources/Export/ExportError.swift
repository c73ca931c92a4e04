/// A model cannot be written.
package struct ExportError: Error, CustomStringConvertible {
    package enum Code: String, Sendable {
        case exists, notWritable
        /// What was read back is not the model that was written.
        case mismatch
        /// The format has no way to say what the model does.
        case unsupported
    }

    package var code: Code
    /// A sentence without its final stop.
    package var message: String
    package var path: String

    package init(_ code: Code, _ message: String, path: String) {
        self.code = code
        self.message = message
        self.path = path
    }

    package var description: String { "\(path): \(message)." }
}

/// A model cannot be written.
package struct ExportError: Error, CustomStringConvertible {
    package enum Code: String, Sendable { case exists, notWritable, mismatch }

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

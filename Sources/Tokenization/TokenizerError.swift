/// What is wrong with a tokenizer's definition, in one sentence that names the file and the offset where it is known.
package struct TokenizerError: Error, CustomStringConvertible, Equatable {
    package enum Code: String, Sendable {
        /// A file the folder must have is missing, or cannot be read.
        case notFound, unreadable
        /// The bytes are not JSON, or nest too deeply.
        case badJSON
        /// The JSON (or the metadata) does not describe a tokenizer.
        case badDefinition
        /// The definition is sound, but asks for a component this program does not have.
        case unsupported
    }

    package var code: Code
    /// A sentence without its final stop.
    package var message: String
    package var file: String
    /// Byte offset in `file`.
    package var offset: Int?

    package init(_ code: Code, _ message: String, file: String, offset: Int? = nil) {
        self.code = code
        self.message = message
        self.file = file
        self.offset = offset
    }

    package var description: String {
        var place = file
        if let offset { place += ", offset \(offset)" }
        return "\(place): \(message)."
    }
}

/// What is wrong with a prompt, a grammar or a vocabulary, in one sentence.
package struct ProposerError: Error, CustomStringConvertible, Equatable {
    package enum Code: String, Sendable {
        /// A prompt template that cannot be read or rendered.
        case badPrompt
        /// A grammar that unfolds to too much or accepts nothing.
        case badGrammar
        /// No token of the vocabulary can go on where the grammar must.
        case vocabularyTooSmall
        /// The prompt does not fit the model's context.
        case promptTooLong
    }

    package var code: Code
    /// A sentence without its final stop.
    package var message: String
    package var file: String?

    package init(_ code: Code, _ message: String, file: String? = nil) {
        self.code = code
        self.message = message
        self.file = file
    }

    package var description: String { "\(message)\(file.map { " (\($0))" } ?? "")." }
}

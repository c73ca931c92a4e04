/// Why a chat template cannot be read or refuses a conversation, in one sentence with the line of the template.
package struct ChatTemplateError: Error, CustomStringConvertible, Equatable {
    package enum Code: String, Sendable {
        /// Not Jinja.
        case syntax
        /// Jinja, but nothing that chat templates use.
        case unsupported
        /// A variable that the template needs was not given, or a message lacks a field.
        case undefined
        /// An operation on values that it does not fit.
        case type
        /// The template itself called `raise_exception`: it does not accept these messages.
        case raised
        /// Too deep, too long or too slow: see `TemplateLimits`.
        case limit
    }

    package var code: Code
    /// A sentence without its final stop.
    package var message: String
    /// Line of the template, from 1.
    package var line: Int

    package init(_ code: Code, _ message: String, line: Int) {
        self.code = code
        self.message = message
        self.line = line
    }

    package var description: String {
        "Chat template, line \(line): \(message)."
    }
}

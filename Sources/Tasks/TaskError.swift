/// What is wrong with a task, with its data or with a translation, in one sentence that names the file and the line where
/// they are known.
package struct TaskError: Error, CustomStringConvertible, Equatable {
    package enum Code: String, Sendable {
        /// No task has that name.
        case unknownTask
        /// A file of a task that does not say what it must.
        case badDeclaration
        /// A file or folder that is not there or cannot be read.
        case unreadable
        /// A line of the data that is too long, not UTF-8, or no JSON object.
        case lineTooLong, badEncoding, badJSON
        /// An item that lacks a field, or has one of a kind that it should not be of.
        case missingField, badField
        /// The right choice of an item cannot be told, or is none of its choices.
        case wrongGold
        /// A choice without text or with an empty part, or an item with fewer than two choices.
        case emptyChoice, fewChoices
        /// Nothing to evaluate.
        case noItems
        /// A continuation that the model cannot score: it has no tokens or more than the model's positions, or nothing
        /// comes before it.
        case notScorable
        /// Translations and references that do not go together.
        case badReferences
    }

    package var code: Code
    /// A sentence without its final stop.
    package var message: String
    package var file: String?
    /// From 1.
    package var line: Int?

    package init(_ code: Code, _ message: String, file: String? = nil, line: Int? = nil) {
        self.code = code
        self.message = message
        self.file = file
        self.line = line
    }

    package var description: String {
        guard let file else { return "\(message)." }
        return "\(file)\(line.map { ", line \($0)" } ?? ""): \(message)."
    }
}

import Foundation

/// A file of prompts. Where its name ends in `.jsonl`, each line is a JSON object with a string `prompt`, and what else is
/// in it does not matter; in any other file each line is a prompt as it is. Lines of white space are left out.
package enum PromptFile {
    package struct Prompt: Sendable, Equatable {
        /// Of the file, from 1.
        package var line: Int
        package var text: String
    }

    /// - Parameter limit: only the first so many.
    /// - Throws: `TaskError`: `unreadable`, what is wrong with a line, or `noItems`.
    package static func read(_ path: String, limit: Int? = nil) throws(TaskError) -> [Prompt] {
        let prompts = try path.hasSuffix(".jsonl") ? objects(path, limit) : lines(path, limit)
        guard !prompts.isEmpty else { throw TaskError(.noItems, "There is no prompt", file: path) }
        return prompts
    }

    private static func objects(_ path: String, _ limit: Int?) throws(TaskError) -> [Prompt] {
        var prompts: [Prompt] = []
        for (line, value) in try JSONLines.read(path, limit: limit) {
            guard let field = value["prompt"] else {
                throw TaskError(.missingField, "The field 'prompt' is missing", file: path, line: line)
            }
            guard let text = field.text, !text.isEmpty else {
                throw TaskError(.badField, "The field 'prompt' is no text", file: path, line: line)
            }
            prompts.append(Prompt(line: line, text: text))
        }
        return prompts
    }

    private static func lines(_ path: String, _ limit: Int?) throws(TaskError) -> [Prompt] {
        let content = try JSONLines.contents(path)
        var prompts: [Prompt] = []
        for (index, bytes) in content.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            if prompts.count >= limit ?? .max { break }
            guard bytes.count <= JSONLines.longestLine else {
                throw TaskError(
                    .lineTooLong, "The line is longer than \(JSONLines.longestLine) bytes", file: path, line: index + 1)
            }
            let line = bytes.last == 0x0D ? bytes.dropLast() : bytes
            guard let text = String(validating: line, as: UTF8.self) else {
                throw TaskError(.badEncoding, "The line is not UTF-8", file: path, line: index + 1)
            }
            if PythonText(text).withoutTrailingSpace.isEmpty { continue }
            prompts.append(Prompt(line: index + 1, text: text))
        }
        return prompts
    }
}

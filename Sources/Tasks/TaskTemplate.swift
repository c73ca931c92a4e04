import Tokenization

/// A Jinja template of a declaration, filled with the fields of an item.
struct TaskTemplate: Sendable {
    /// `nil` for a text without tags.
    private let template: ChatTemplate?
    private let source: String

    /// - Throws: `TaskError.badDeclaration`.
    init(_ source: String, file: String) throws(TaskError) {
        self.source = source
        guard source.contains("{{") || source.contains("{%") || source.contains("{#") else {
            template = nil
            return
        }
        do {
            // As in the harness.
            template = try ChatTemplate(source, keepsWhiteSpace: true)
        } catch {
            throw TaskError(.badDeclaration, "\"\(source)\" is no template: \(error.message)", file: file)
        }
    }

    /// - Throws: `ChatTemplateError`: `undefined` for a field that is not there.
    func render(_ fields: [String: TemplateValue]) throws(ChatTemplateError) -> String {
        guard let template else { return source }
        return try template.render(fields)
    }
}

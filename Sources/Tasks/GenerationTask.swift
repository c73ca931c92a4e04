import Foundation
import Tokenization

/// A task whose answers are texts that a model makes, such as translations, compared with texts that people wrote. Its
/// declaration is a JSON object:
///
/// | field | |
/// |---|---|
/// | `name`, `version` | of the task |
/// | `kind` | `generate` |
/// | `file` | the data, one JSON object a line |
/// | `prompt` | a template of what the model continues |
/// | `reference` | name of the field with the text that people wrote, or a list of several: `translation.de` |
/// | `stop` | texts at which an answer ends; they are not part of it. The end-of-text token ends it, too. |
/// | `maxTokens` | of an answer |
/// | `metrics` | `bleu`, `chrf` |
///
/// Templates are Jinja (`ChatTemplate`). They may not print a field that an item does not have. Examples, if there are to be
/// any, stand in the prompt.
package struct GenerationTask: Sendable {
    package enum Metric: String, Sendable, CaseIterable {
        case bleu, chrf
    }

    package static let kind = "generate"

    package let name: String
    package let version: Double
    /// Name of the data file.
    package let dataFile: String
    package let stops: [String]
    package let maximumTokens: Int
    package let metrics: [Metric]
    let prompt: TaskTemplate
    /// Path of a field.
    let reference: String

    /// Whether a declaration is one of these.
    package static func isDeclared(by json: [UInt8]) -> Bool {
        guard json.count <= JSONLines.longestLine,
            let value = try? JSONDecoder().decode(DocumentValue.self, from: Data(json))
        else { return false }
        return value["kind"]?.text == kind
    }

    /// - Parameters:
    ///   - json: the declaration.
    ///   - file: its name, for errors.
    /// - Throws: `TaskError.badDeclaration`.
    package init(json: [UInt8], file: String) throws(TaskError) {
        let fields = try DeclarationFields(json: json, file: file)
        try fields.refuseUnknown([
            "name", "version", "kind", "file", "prompt", "reference", "stop", "maxTokens", "metrics",
        ])
        guard try fields.text("kind") == Self.kind else { throw fields.error("field 'kind' is not '\(Self.kind)'") }
        name = try fields.taskName()
        version = try fields.number("version")
        dataFile = try fields.fileName("file")
        prompt = try TaskTemplate(try fields.text("prompt"), file: file)
        reference = try fields.text("reference")
        guard !reference.isEmpty else { throw fields.error("field 'reference' names no field") }
        stops = try fields.texts("stop")
        guard !stops.contains("") else { throw fields.error("field 'stop' has an empty text") }
        let limit = try fields.number("maxTokens")
        guard limit >= 1, limit <= 65536, limit == limit.rounded() else {
            throw fields.error("field 'maxTokens' is not a whole number between 1 and 65536")
        }
        maximumTokens = Int(limit)
        metrics = try fields.allOf("metrics")
        guard !metrics.isEmpty else { throw fields.error("field 'metrics' is empty") }
    }
}

/// What one answer is asked for by, and compared with.
package struct GenerationItem: Sendable, Equatable {
    /// Of the data file, from 1.
    package var line: Int
    package var prompt: String
    /// At least one.
    package var references: [String]
}

extension GenerationTask {
    /// Reads the items of a data file.
    /// - Parameter limit: only the first so many.
    /// - Throws: `TaskError`, with the file and the line.
    package func items(_ path: String, limit: Int? = nil) throws(TaskError) -> [GenerationItem] {
        var items: [GenerationItem] = []
        for (line, document) in try JSONLines.read(path, limit: limit) {
            items.append(try item(document, path, line))
        }
        guard !items.isEmpty else {
            throw TaskError(.noItems, "There is nothing to evaluate", file: path)
        }
        return items
    }

    private func item(_ document: DocumentValue, _ file: String, _ line: Int) throws(TaskError) -> GenerationItem {
        let prompt: String
        do {
            prompt = try self.prompt.render(
                Dictionary(uniqueKeysWithValues: document.members.map { ($0.key, $0.value) }))
        } catch {
            throw TaskError(
                error.code == .undefined ? .missingField : .badField,
                "The item does not give the prompt: \(error.message)", file: file, line: line)
        }
        guard !prompt.isEmpty else { throw TaskError(.badField, "The prompt is empty", file: file, line: line) }
        guard let field = document[reference] else {
            throw TaskError(.missingField, "The field '\(reference)' is missing", file: file, line: line)
        }
        guard let references = field.text.map({ [$0] }) ?? field.texts, !references.isEmpty else {
            throw TaskError(
                .badField, "The field '\(reference)' is neither a text nor a list of texts", file: file, line: line)
        }
        return GenerationItem(line: line, prompt: prompt, references: references)
    }
}

/// How a model's answers compare with those of people.
package struct GenerationTaskResult: Sendable, Equatable, Codable {
    package struct Item: Sendable, Equatable, Codable {
        /// Of the data file, from 1.
        package var line: Int
        /// The answer.
        package var text: String
        package var references: [String]
    }

    package var task: String
    package var version: Double
    package var items: [Item]
    /// In per cent, of all answers together; `nil` for what the task does not ask for.
    package var bleu: Double?
    package var chrf: Double?
    /// sacreBLEU's, without its version.
    package var bleuSignature: String?
    package var chrfSignature: String?
}

extension GenerationTask {
    /// Compares answers with references.
    /// - Parameter texts: the answer to each item; white space around it is left out.
    /// - Throws: `TaskError.noItems`, `badReferences`.
    package func score(
        _ items: [GenerationItem], _ texts: [String]
    ) throws(TaskError) -> GenerationTaskResult {
        let answers = texts.map { PythonText($0).stripped.string }
        let references = items.map(\.references)
        var result = GenerationTaskResult(task: name, version: version, items: [])
        if metrics.contains(.bleu) {
            result.bleu = try BLEU(answers, references).score
            result.bleuSignature = Self.signature(references, BLEU.signature(references:))
        }
        if metrics.contains(.chrf) {
            result.chrf = try CharacterFScore(answers, references).score
            result.chrfSignature = Self.signature(references, CharacterFScore.signature(references:))
        }
        result.items = zip(items, answers).map { item, answer in
            GenerationTaskResult.Item(line: item.line, text: answer, references: item.references)
        }
        return result
    }

    private static func signature(_ references: [[String]], _ signature: (Int) -> String) -> String {
        let counts = Set(references.map(\.count))
        if let only = counts.first, counts.count == 1 { return signature(only) }
        // sacreBLEU's word for items that have different numbers of references.
        return "nrefs:var" + signature(0).dropFirst("nrefs:0".count)
    }
}

import Tokenization

/// One question, ready to be scored: which of some texts is the most probable one.
package struct TaskItem: Sendable, Equatable {
    /// A continuation that is scored behind a context.
    package struct Choice: Sendable, Equatable {
        package var context: String
        /// With the delimiter in front.
        package var continuation: String
        /// Code points of the choice as it is declared, by which its log-likelihood is divided.
        package var length: Int
    }

    /// Of the data file, from 1.
    package var line: Int
    package var choices: [Choice]
    /// The right choice.
    package var gold: Int

    /// The text of the right answer, as an example for other items.
    var example: String { choices[gold].context + choices[gold].continuation }
}

extension TaskDeclaration {
    /// Reads the items of a data file.
    /// - Parameters:
    ///   - limit: only the first so many.
    ///   - examples: in front of each item.
    /// - Throws: `TaskError`, with the file and the line.
    package func items(
        _ path: String, limit: Int? = nil, examples: FewShot? = nil
    ) throws(TaskError) -> [TaskItem] {
        let lines = try JSONLines.read(path, limit: limit)
        var items: [TaskItem] = []
        for (line, document) in lines { items.append(try item(document, file: path, line: line)) }
        guard !items.isEmpty else { throw TaskError(.noItems, "There is nothing to evaluate", file: path) }
        if let examples, examples.count > 0 { try examples.apply(to: &items, of: lines.map { $0.value }, self) }
        return items
    }

    /// - Throws: `TaskError`: `missingField`, `badField`, `wrongGold`, `emptyChoice`, `fewChoices`.
    func item(_ document: DocumentValue, file: String, line: Int) throws(TaskError) -> TaskItem {
        let fields = ItemFields(document, file: file, line: line)
        for name in nonEmpty { try fields.refuseBlank(name) }
        var texts: [String] = []
        switch choices {
        case .templates(let templates):
            for (number, template) in templates.enumerated() {
                texts.append(cleanUp.apply(to: try fields.text(template, "choice \(number)")))
            }
        case .field(let name):
            for text in try fields.texts(name) { texts.append(cleanUp.apply(to: text)) }
        }
        guard texts.count > 1 else { throw fields.error(.fewChoices, "The item has fewer than two choices") }
        for (number, text) in texts.enumerated() where PythonText(text).withoutTrailingSpace.isEmpty {
            throw fields.error(.emptyChoice, "Choice \(number) is empty")
        }
        let gold = try fields.number(gold, below: texts.count)
        var items: [TaskItem.Choice] = []
        switch kind {
        case .multipleChoice:
            let context = cleanUp.apply(to: try fields.text(prompt, "the prompt"))
            for text in texts {
                items.append(
                    TaskItem.Choice(
                        context: context, continuation: targetDelimiter + text, length: text.unicodeScalars.count))
            }
        case .partialEvaluation:
            let target = cleanUp.apply(to: try fields.text(target, "the target"))
            guard !PythonText(target).withoutTrailingSpace.isEmpty else {
                throw fields.error(.emptyChoice, "The target is empty")
            }
            for text in texts {
                items.append(
                    TaskItem.Choice(
                        context: text, continuation: targetDelimiter + target, length: text.unicodeScalars.count))
            }
        }
        return TaskItem(line: line, choices: items, gold: gold)
    }
}

/// The fields of an item.
private struct ItemFields {
    private let document: DocumentValue
    private let values: [String: TemplateValue]
    private let file: String
    private let line: Int

    init(_ document: DocumentValue, file: String, line: Int) {
        self.document = document
        self.file = file
        self.line = line
        values = Dictionary(uniqueKeysWithValues: document.members.map { ($0.key, $0.value) })
    }

    func error(_ code: TaskError.Code, _ message: String) -> TaskError {
        TaskError(code, message, file: file, line: line)
    }

    func text(_ template: TaskTemplate?, _ what: String) throws(TaskError) -> String {
        guard let template else { return "" }
        do {
            return try template.render(values)
        } catch {
            let code = error.code == .undefined ? TaskError.Code.missingField : .badField
            throw self.error(code, "The item does not give \(what): \(error.message)")
        }
    }

    func refuseBlank(_ name: String) throws(TaskError) {
        guard let value = document[name] else { throw error(.missingField, "The field '\(name)' is missing") }
        if let text = value.text, PythonText(text).withoutTrailingSpace.isEmpty {
            throw error(.emptyChoice, "The field '\(name)' is empty")
        }
    }

    func texts(_ name: String) throws(TaskError) -> [String] {
        guard let value = document[name] else { throw error(.missingField, "The field '\(name)' is missing") }
        guard let texts = value.texts else { throw error(.badField, "The field '\(name)' is no list of strings") }
        return texts
    }

    func number(_ template: TaskTemplate, below count: Int) throws(TaskError) -> Int {
        let text: String
        do {
            text = try template.render(values)
        } catch {
            let code = error.code == .undefined ? TaskError.Code.missingField : .wrongGold
            throw self.error(code, "The item does not tell its right choice: \(error.message)")
        }
        guard let number = Int(PythonText(text).stripped.string), (0..<count).contains(number) else {
            throw error(.wrongGold, "The right choice is '\(text)', but the choices are 0 to \(count - 1)")
        }
        return number
    }
}

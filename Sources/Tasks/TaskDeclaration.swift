import Tokenization

/// A zero-shot task as lm-evaluation-harness has it: what a file of questions becomes. A declaration is a JSON object:
///
/// | field | |
/// |---|---|
/// | `name`, `version` | as in lm-evaluation-harness |
/// | `kind` | `multiple_choice`: one prompt, each choice as its continuation. `partial_evaluation`: each choice as a context, `target` as the continuation of all. |
/// | `file` | the data, one JSON object a line |
/// | `fewShotFile` | what examples are drawn from; without it the task has none |
/// | `drawsSpareExample` | `true` where one example more is drawn than shown, and one that is the question itself is left out: what the harness does with tasks that have no test split |
/// | `prompt` | of `multiple_choice`: a template |
/// | `target` | of `partial_evaluation`: a template |
/// | `choices` | a list of templates, or the name of a field that is a list of strings: `choices.text` |
/// | `nonEmpty` | names of fields that an item must have, and not blank: for texts that are part of a choice only |
/// | `gold` | a template that writes the number of the right choice, from 0 |
/// | `metrics` | `acc`, and `acc_norm`: the log-likelihood is divided by the choice's code points |
/// | `targetDelimiter` | between prompt and choice; a space unless given |
/// | `fewShotDelimiter` | between examples; an empty line unless given |
/// | `cleanUp` | steps that prompt, choices and target go through: `strip`, `replace` (`text`, `with`), `removeEnclosed` (`open`, `close`) |
///
/// Templates are Jinja (`ChatTemplate`). They may not print a field that an item does not have.
package struct TaskDeclaration: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case multipleChoice = "multiple_choice"
        case partialEvaluation = "partial_evaluation"
    }

    package enum Metric: String, Sendable, CaseIterable {
        /// The share of items whose right choice is the most probable one.
        case accuracy = "acc"
        /// The same of log-likelihoods per code point of the choice.
        case normalizedAccuracy = "acc_norm"
    }

    enum Choices: Sendable {
        case templates([TaskTemplate])
        case field(String)
    }

    package let name: String
    package let version: Double
    package let kind: Kind
    /// Name of the data file.
    package let dataFile: String
    /// Name of the file with examples.
    package let fewShotFile: String?
    let drawsSpareExample: Bool
    package let metrics: [Metric]
    package let targetDelimiter: String
    package let fewShotDelimiter: String
    let prompt: TaskTemplate?
    let target: TaskTemplate?
    let choices: Choices
    /// Paths of fields.
    let nonEmpty: [String]
    let gold: TaskTemplate
    let cleanUp: [CleanUpStep]

    /// - Parameters:
    ///   - json: the declaration.
    ///   - file: its name, for errors.
    /// - Throws: `TaskError.badDeclaration`.
    package init(json: [UInt8], file: String) throws(TaskError) {
        let fields = try DeclarationFields(json: json, file: file)
        try fields.refuseUnknown([
            "name", "version", "kind", "file", "fewShotFile", "drawsSpareExample", "prompt", "target", "choices",
            "nonEmpty", "gold", "metrics", "targetDelimiter", "fewShotDelimiter", "cleanUp",
        ])
        name = try fields.taskName()
        version = try fields.number("version")
        kind = try fields.oneOf("kind")
        dataFile = try fields.fileName("file")
        fewShotFile = fields.values["fewShotFile"] == nil ? nil : try fields.fileName("fewShotFile")
        guard fewShotFile != dataFile else { throw fields.error("'fewShotFile' is the file with the questions") }
        drawsSpareExample = try fields.flag("drawsSpareExample", initial: false)
        switch kind {
        case .multipleChoice:
            prompt = try TaskTemplate(try fields.text("prompt"), file: file)
            target = nil
            try fields.refuse("target", of: kind.rawValue)
        case .partialEvaluation:
            prompt = nil
            target = try TaskTemplate(try fields.text("target"), file: file)
            try fields.refuse("prompt", of: kind.rawValue)
        }
        if let field = fields.values["choices"]?.text {
            choices = .field(field)
        } else {
            var templates: [TaskTemplate] = []
            for source in try fields.texts("choices") { templates.append(try TaskTemplate(source, file: file)) }
            guard templates.count > 1 else { throw fields.error("'choices' has fewer than two templates") }
            choices = .templates(templates)
        }
        nonEmpty = fields.values["nonEmpty"] == nil ? [] : try fields.texts("nonEmpty")
        gold = try TaskTemplate(try fields.text("gold"), file: file)
        metrics = try fields.allOf("metrics")
        guard metrics.contains(.accuracy) else { throw fields.error("'metrics' lacks 'acc'") }
        targetDelimiter = try fields.text("targetDelimiter", initial: " ")
        fewShotDelimiter = try fields.text("fewShotDelimiter", initial: "\n\n")
        cleanUp = try fields.cleanUp("cleanUp")
    }
}

import ArgumentParser
import Foundation
import Reporting
import SelfPruner

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Measure a model: perplexity on a text, accuracy on zero-shot tasks.",
        discussion: """
            With --text: the text is cut into consecutive windows; every token of a window but its first is scored, and \
            a last window that is not full is dropped, unless it is the only one. The literature's WikiText-2 figure:
              selfpruner evaluate MODEL --text wiki.test.raw --joiner wikitext

            With --tasks: multiple-choice questions, as lm-evaluation-harness has them, so that figures can be compared \
            with its own. The choice that is most probable behind the question is the model's answer (acc), or the \
            one that is most probable per character (acc_norm); ± is one standard error. The questions are files, \
            where `selfpruner fetch tasks` puts them or in --task-data: validation sets. (The harness itself takes the test \
            sets of arc_easy, arc_challenge and openbookqa, and SuperGLUE's boolq, where a title stands before each \
            passage; on the same questions its figures are these.)
              selfpruner evaluate MODEL --tasks all
              selfpruner evaluate MODEL --tasks boolq,arc_easy --limit 200

            A task is a declaration, a small JSON file; --task-declarations names a folder with more of them. Those of \
            the kind generate ask for texts, such as translations, which BLEU and chrF compare with references.
            """)

    @Argument(help: "A GGUF file or a Hugging Face folder.")
    var model: String

    @Option(help: "The text file.")
    var text: String?

    @Option(help: "How the text is made of the file: none (as it is) or wikitext (lines joined with two line breaks).")
    var joiner = TextJoiner.none

    @Option(help: "Tokens of one window.")
    var sequenceLength = 2048

    @Option(help: "Score at most this many tokens, in whole windows.")
    var maxTokens: Int?

    @Flag(help: "Begin each window with the begin-of-text token.")
    var bos = false

    @Option(help: "Also measure how far the model is from this one, KL(this ‖ MODEL) in nats per token.")
    var against: String?

    @Option(
        help: """
            File to write log-likelihoods and answers of every question of --tasks to, one JSON object a line.
            """)
    var samples: String?

    @OptionGroup(title: "Tasks") var tasks: TaskArguments
    @OptionGroup var compute: ComputeArguments
    @OptionGroup var json: JSONFlag

    func validate() throws {
        if text == nil && tasks.tasks == nil {
            throw ValidationError("There is nothing to measure: name a text with --text, or tasks with --tasks.")
        }
        if text == nil && (maxTokens != nil || bos || against != nil) {
            throw ValidationError("--max-tokens, --bos and --against are for --text.")
        }
        if samples != nil && tasks.tasks == nil { throw ValidationError("--samples needs --tasks.") }
    }

    func run() throws {
        var selection = tasks.selection
        selection?.samplesFile = samples
        let observer = TerminalObserver()
        guard let text else {
            guard let selection else { return }
            return try show(
                nil, try evaluateTasks(model: model, selection, compute: compute.options, observer: observer))
        }
        var options = EvaluateOptions(model: model, text: text)
        options.joiner = joiner
        options.sequenceLength = sequenceLength
        options.maximumTokens = maxTokens
        options.addsBeginOfText = bos
        options.against = against
        options.compute = compute.options
        if let selection {
            let reports = try evaluate(options, tasks: selection, observer: observer)
            try show(reports.text, reports.tasks)
        } else {
            try show(try evaluate(options, observer: observer), nil)
        }
    }

    private func show(_ text: EvaluationReport?, _ tasks: TasksReport?) throws {
        if json.json { return try printJSON(Output(model: model, text: text, tasks: tasks)) }
        if let text { show(text) }
        if text != nil, tasks != nil { print("") }
        if let tasks {
            let tables = [tasks.tasks.isEmpty ? nil : tasks.table, tasks.generationTable].compactMap { $0 }
            for table in tables { print(table.plain(heading: Terminal.standardOutput.bold), terminator: "\n\n") }
            for note in tasks.notes { print(note) }
        }
    }

    private func show(_ report: EvaluationReport) {
        var table = TextTable([.init("measure"), .init("value", .right)])
        let p = report.protocol
        for (name, value) in [
            (
                "perplexity",
                "\(NumberFormat.fixed(report.perplexity, 4)) ± \(NumberFormat.fixed(report.perplexityStandardError, 4))"
            ),
            (
                "negative log-likelihood, nats",
                "\(NumberFormat.fixed(report.negativeLogLikelihood, 5)) ± "
                    + NumberFormat.fixed(report.standardError, 5)
            ),
            ("tokens scored", NumberFormat.grouped(report.tokensScored)),
            ("tokens a second", NumberFormat.significant(report.tokensPerSecond)),
            ("seconds", NumberFormat.fixed(report.seconds, 1)),
            ("peak memory", "\(ByteCount(report.peakMemoryBytes))"),
            ("weights in memory", "\(ByteCount(report.weightBytes))"),
        ] {
            table.addRow([name, value])
        }
        if let divergence = report.divergence {
            table.addRow([
                "divergence from the other model, nats",
                "\(NumberFormat.fixed(divergence.mean, 5)) ± \(NumberFormat.fixed(divergence.standardError, 5))",
            ])
        }
        print(table.plain(heading: Terminal.standardOutput.bold))
        print(
            """

            \(p.corpus) (\(p.joiner)), \(p.windows) windows of \(p.sequenceLength) tokens, stride \(p.stride), \
            \(p.beginOfText ? "begin-of-text token first" : "no begin-of-text token"), \(p.precision), \
            \(report.threads) threads
            """)
    }
}

/// The keys of a text's report, and those of tasks under a key of their own.
private struct Output: Encodable {
    var model: String
    var text: EvaluationReport?
    var tasks: TasksReport?

    private enum Key: CodingKey { case model, tasks }

    func encode(to encoder: any Encoder) throws {
        try text?.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(model, forKey: .model)
        try container.encodeIfPresent(tasks, forKey: .tasks)
    }
}

import ArgumentParser
import Foundation
import Reporting
import SelfPruner

struct CompareModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare-models", abstract: "Put a dense model and pruned ones side by side in one table.",
        discussion: """
            Sizes are always shown; the options add what else is measured. With --text: perplexity, and the divergence \
            of the predictions from the dense model's where the tokenizer is the same. With --tasks: accuracy, BLEU, chrF. \
            With --prompts: what each model makes of the same prompts, side by side, and how much it repeats itself. \
            With --bench: speed and memory, every run a process of its own, models in turns.

            Examples:
              selfpruner compare-models model.gguf smaller --bench \\
                --text wiki.test.raw --joiner wikitext
              selfpruner compare-models model.gguf smaller-20 smaller-30 \\
                --prompts prompts.txt --markdown models.md
            """)

    @Argument(help: "The dense model: a GGUF file or a Hugging Face folder.")
    var dense: String

    @Argument(help: "Models to compare with it.")
    var pruned: [String]

    @Option(help: "A text file for perplexity and divergence.")
    var text: String?

    @Option(help: "How the text is made of the file: none (as it is) or wikitext (lines joined with two line breaks).")
    var joiner = TextJoiner.none

    @Option(help: "Tokens of one window of the text.")
    var sequenceLength = 2048

    @Option(help: "Tokens of the text at most, or all.")
    var evaluationTokens = TokenLimit.all

    @Flag(help: "Begin each window with the begin-of-text token.")
    var bos = false

    @OptionGroup(title: "Tasks") var tasks: TaskArguments

    @Option(
        help: """
            A file of prompts to continue: one a line, or in a file that ends in .jsonl one JSON object a line with a \
            string "prompt".
            """)
    var prompts: String?

    @Option(help: "Tokens of a continuation at most.")
    var continuationTokens = 64

    @Option(help: "Randomness of continuations: 0 for none, 1 for the model's own distribution.")
    var temperature = 0.0

    @Option(help: "Seed of the random draws; each prompt after the first has the next number.")
    var seed: UInt64 = 0

    @Flag(help: "Prompts are chat messages, answered by each model's own template.")
    var chat = false

    @Flag(help: "Measure speed and memory.")
    var bench = false

    @OptionGroup(title: "Speed") var speed: BenchArguments

    @Option(help: "Write the table, how it was measured and all continuations to this Markdown file.")
    var markdown: String?

    @OptionGroup var compute: ComputeArguments
    @OptionGroup var json: JSONFlag

    func validate() throws { try speed.validate(isWanted: bench) }

    func run() throws {
        let observer = TerminalObserver()
        var speeds = BenchOptions(models: [dense] + pruned)
        speed.apply(to: &speeds)
        speeds.compute = compute.options
        let options = options(speeds)
        // Before anything is measured, not after it.
        if let markdown { try FolderCheck.canWrite(markdown) }
        let report = try compareModels(options, observer: observer) {
            try BenchProcess.run($0, speeds) { observer.isCancelled }
        }
        if let markdown { try write(report.markdown, to: markdown) }
        if json.json { return try printJSON(report) }
        let bold = Terminal.standardOutput.bold
        print(report.table.plain(heading: bold))
        if !report.words.isEmpty { print("\n\(report.words)") }
        let shown = 3
        if let lines = report.continuationLines(limit: shown, heading: bold) {
            print("\n\(lines)")
            if markdown == nil, report.models[0].continuations?.count ?? 0 > shown {
                print("\nThe first \(shown) continuations; --markdown and --json have all.")
            }
        }
        if let markdown { print("\nAll of it is in \(markdown).") }
    }

    private func options(_ speeds: BenchOptions) -> CompareModelsOptions {
        var options = CompareModelsOptions(models: [dense] + pruned)
        options.compute = compute.options
        if let text {
            var evaluation = EvaluateOptions(model: dense, text: text)
            evaluation.joiner = joiner
            evaluation.sequenceLength = sequenceLength
            evaluation.maximumTokens = evaluationTokens.count
            evaluation.addsBeginOfText = bos
            options.text = evaluation
        }
        options.tasks = tasks.selection
        if let prompts {
            var generation = GeneratePromptsOptions(model: dense, prompts: prompts)
            generation.maximumTokens = continuationTokens
            generation.temperature = temperature
            generation.seed = seed
            generation.usesChatTemplate = chat
            options.prompts = generation
        }
        if bench { options.bench = speeds }
        return options
    }

    private func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw SelfPrunerError(.outputNotWritable, "The file \(path) cannot be written: \(reason(of: error))")
        }
    }
}

enum FolderCheck {
    /// - Throws: `SelfPrunerError.outputNotWritable` where a file of that name cannot be made.
    static func canWrite(_ path: String) throws(SelfPrunerError) {
        var isFolder = ObjCBool(false)
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            throw SelfPrunerError(.outputNotWritable, "\(path) is a folder, not a file to write")
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw SelfPrunerError(.outputNotWritable, "The file \(path) cannot be written: its folder is not writable")
        }
    }
}

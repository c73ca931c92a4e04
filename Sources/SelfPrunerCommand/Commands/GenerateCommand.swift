import ArgumentParser
import Foundation
import Reporting
import SelfPruner

struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Continue a prompt, or all prompts of a file.",
        discussion: """
            The text streams as it is made. At temperature 0 the most probable token is taken each time; at any other \
            the seed decides, the same way each time. With --chat the prompt is put into the model's chat template.

            With --prompts several prompts run at a time, which is faster, and in the end a table says how varied the \
            texts are: distinct-n is the share of n-grams of words that differ, of all texts together (1 where nothing \
            is said twice); the repetition rate is the share of 4-grams that were there before in the same text (0 where \
            nothing is repeated).

            Examples:
              selfpruner generate model.gguf --prompt "Once upon a time"
              selfpruner generate model.gguf --prompts prompts.txt --max-tokens 64 --json
            """)

    @Argument(help: "A GGUF file or a Hugging Face folder.")
    var model: String

    @Option(help: "The text to continue, or with --chat the message to answer.")
    var prompt: String?

    @Option(
        help: """
            A file of prompts in its place: one a line, or in a file that ends in .jsonl one JSON object a line with a \
            string "prompt".
            """)
    var prompts: String?

    @Option(help: "Only the first so many prompts of the file.")
    var limit: Int?

    @Option(help: "Tokens to make at most.")
    var maxTokens = 128

    @Option(help: "Randomness: 0 for none, 1 for the model's own distribution.")
    var temperature = 0.0

    @Option(help: "Seed of the random draws; each prompt of a file after the first has the next number.")
    var seed: UInt64 = 0

    @Flag(help: "Answer the prompt as a chat message, by the model's own template.")
    var chat = false

    @Option(help: "A system message for --chat.")
    var system: String?

    @OptionGroup var compute: ComputeArguments
    @OptionGroup var json: JSONFlag

    func validate() throws {
        if (prompt == nil) == (prompts == nil) {
            throw ValidationError("Give either --prompt, a text, or --prompts, a file.")
        }
        if limit != nil && prompts == nil { throw ValidationError("--limit needs --prompts.") }
        if system != nil && !chat { throw ValidationError("--system needs --chat.") }
    }

    func run() throws {
        if let prompts { return try run(prompts) }
        let prompt = prompt ?? ""
        var options = GenerateOptions(model: model, prompt: prompt)
        options.maximumTokens = maxTokens
        options.temperature = temperature
        options.seed = seed
        options.usesChatTemplate = chat
        options.systemPrompt = system
        options.compute = compute.options
        let streams = !json.json
        // The prompt waits for the first piece, so that nothing is printed where nothing can be generated.
        var beginning = chat ? "" : prompt
        func write(_ text: String) throws {
            guard streams else { return }
            try writeToStandardOutput(Data((beginning + text).utf8))
            beginning = ""
        }
        let report = try generate(options, observer: TerminalObserver(), onText: write)
        if json.json { return try printJSON(report) }
        try write("\n")
        Terminal.writeToStandardError(
            Terminal.standardError.dim(
                "\n\(report.ids.count) tokens, \(NumberFormat.rate(report.tokensPerSecond, unit: "tokens"))"
                    + (report.finishReason == "length" ? ", stopped at the limit" : "") + "\n"))
    }

    private func run(_ prompts: String) throws {
        var options = GeneratePromptsOptions(model: model, prompts: prompts)
        options.limit = limit
        options.maximumTokens = maxTokens
        options.temperature = temperature
        options.seed = seed
        options.usesChatTemplate = chat
        options.systemPrompt = system
        options.compute = compute.options
        let report = try generate(options, observer: TerminalObserver())
        if json.json { return try printJSON(report) }
        let terminal = Terminal.standardOutput
        for made in report.continuations {
            print("\(terminal.bold(made.prompt))\(chat ? "\n" : "")\(made.text)\n")
        }
        print(report.table.plain(heading: terminal.bold))
        let rate = NumberFormat.rate(report.tokensPerSecond, unit: "tokens")
        Terminal.writeToStandardError(terminal.dim("\n\(report.continuations.count) prompts, \(rate)\n"))
    }
}

extension ContinuationsReport {
    /// How varied the texts are.
    fileprivate var table: TextTable {
        func fixed(_ value: Double?) -> String { value.map { NumberFormat.fixed($0, 3) } ?? "–" }
        let tokens = continuations.reduce(0) { $0 + $1.tokens }
        let ended = continuations.count { $0.finishReason == "endOfText" }
        var table = TextTable([.init("measure"), .init("value", .right)])
        for (name, value) in [
            ("distinct-1", fixed(diversity.distinct1)), ("distinct-2", fixed(diversity.distinct2)),
            ("distinct-3", fixed(diversity.distinct3)), ("repetition rate (4-grams)", fixed(diversity.repetitionRate)),
            ("texts", "\(diversity.texts)"), ("words", NumberFormat.grouped(diversity.words)),
            ("tokens", NumberFormat.grouped(tokens)), ("ended by themselves", "\(ended)"),
        ] {
            table.addRow([name, value])
        }
        return table
    }
}

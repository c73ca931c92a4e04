import ArgumentParser
import Foundation
import Reporting
import SelfPruner

struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Continue a prompt.",
        discussion: """
            The text streams as it is made. At temperature 0 the most probable token is taken each time; at any other \
            the seed decides, the same way each time. With --chat the prompt is put into the model's chat template.
            """)

    @Argument(help: "A GGUF file or a Hugging Face folder.")
    var model: String

    @Option(help: "The text to continue, or with --chat the message to answer.")
    var prompt: String

    @Option(help: "Tokens to make at most.")
    var maxTokens = 128

    @Option(help: "Randomness: 0 for none, 1 for the model's own distribution.")
    var temperature = 0.0

    @Option(help: "Seed of the random draws.")
    var seed: UInt64 = 0

    @Flag(help: "Answer the prompt as a chat message, by the model's own template.")
    var chat = false

    @Option(help: "A system message for --chat.")
    var system: String?

    @OptionGroup var compute: ComputeArguments
    @OptionGroup var json: JSONFlag

    func validate() throws {
        if system != nil && !chat { throw ValidationError("--system needs --chat.") }
    }

    func run() throws {
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
}

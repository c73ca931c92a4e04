import ArgumentParser
import Foundation
import Reporting
import SelfPruner

struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Write a smaller, dense version of a model.",
        discussion: """
            Removes the given fraction of the decoder blocks' parameters: whole key/value groups, query heads of those \
            that stay (not with --attention-units groups), and MLP channels. How much each part gives is searched for: \
            evolution, a model fitted to all losses so far, and the model that is pruned propose candidates, which \
            are measured on the fitness text. The output projections are refit to what is left by least squares.

            The output folder holds the model (config.json, model.safetensors and the tokenizer's files, or with \
            --format gguf model.gguf), report.json and report.md; it appears whole or not at all. Beside it, \
            OUTPUT.run keeps the search's journal: after Ctrl-C, a crash or a power cut the same command goes on where \
            it stopped. Calibration, fitness and evaluation texts must not overlap; the default ones come with the \
            set-up.

            Examples:
              selfpruner prune model.gguf --rate 0.3 --output smaller
              selfpruner prune model.gguf --rate 0.3 --output smaller \\
                --format gguf --quantize q8_0
              selfpruner prune model.gguf --target-size 80MB --output smaller --format gguf
              selfpruner prune model.gguf --max-perplexity-increase 20% --output smaller
              selfpruner prune model.gguf --rate 0.3 --output smaller --proposer self
              selfpruner prune model.gguf --rate 0.3 --output baseline --method flap
              selfpruner prune model.gguf --rate 0.3 --output smaller \\
                --proposer chat --endpoint http://127.0.0.1:8080 --chat-model local
            """)

    @Argument(help: "A GGUF file or a Hugging Face folder.")
    var model: String

    @OptionGroup(title: "How much (one of them)") var amount: AmountArguments

    @Option(help: "Folder for the smaller model.")
    var output: String

    @Option(
        help: """
            How much each part loses: search, uniform, owl (blocks with more outliers keep more), global (one threshold, \
            of the method flap) or blocks (whole ones, of shortgpt and sleb). By default the method's own: search for \
            nested, uniform for wanda-sp, magnitude and random.
            """)
    var allocation: PruneOptions.Allocation?

    @Option(help: ArgumentHelp(SearchArguments.proposerHelp))
    var proposer: SearchOptions.ProposerKind?

    @Option(
        help: """
            What the projections are fitted to behind the search, block by block: none (the default), output (of the \
            dense sublayers), residual (also making up for earlier errors) or auto (the best of the others).
            """)
    var refit = PruneOptions.Refit.none

    @Option(help: "Folder of the search's journal; OUTPUT.run by default.")
    var run: String?

    @Flag(help: "Replace an output folder that is not empty. The run of a search that was stopped, OUTPUT.run, stays.")
    var overwrite = false

    @Option(
        help: """
            A file of prompts to continue before and after, side by side in the report: one a line, or in a file that \
            ends in .jsonl one JSON object a line with a string "prompt".
            """)
    var continuations: String?

    @Option(help: "Tokens of a continuation at most. (default: 64)")
    var continuationTokens: Int?

    @Option(
        help: """
            Randomness of continuations, drawn by --seed: 0 for none, 1 for the model's own distribution. (default: 0.0)
            """)
    var continuationTemperature: Double?

    @Flag(help: "Prompts to continue are chat messages, answered by the model's own template.")
    var continuationChat = false

    @OptionGroup(title: "Tasks, before and after") var tasks: TaskArguments

    @Flag(
        help: """
            Measure speed, memory and loading of both models when the smaller one is written, in processes of their own.
            """)
    var bench = false

    @OptionGroup(title: "Speed, with --bench") var speed: BenchArguments

    @OptionGroup(title: "Output") var form: FormArguments
    @OptionGroup(title: "Search") var search: SearchArguments
    @OptionGroup var compute: ComputeArguments
    @OptionGroup var json: JSONFlag

    func validate() throws {
        if continuations == nil {
            try requireNone(
                of: [
                    ("--continuation-tokens", continuationTokens != nil),
                    ("--continuation-temperature", continuationTemperature != nil),
                    ("--continuation-chat", continuationChat),
                ], without: "--continuations")
        }
        if FormArguments.isFile(output) {
            throw ValidationError(
                "\(output) is the name of a GGUF file, and prune writes a folder: name one, and add --format gguf for"
                    + " model.gguf in it.")
        }
        try search.validateNew()
        try speed.validate(isWanted: bench)
        let method: SearchOptions.Method = search.method ?? (search.mode == .paper ? .wandaSP : .nested)
        if refit != .none && method != .nested { throw ValidationError("--refit needs --method nested.") }
    }

    func run() async throws {
        var settings = try search.options(model: model, rate: amount.rate ?? 0.5, compute: compute)
        if let proposer { settings.proposer = proposer }
        var options = PruneOptions(settings, output: output)
        options.amount = amount.amount
        options.run = run
        // Who names a proposer, or the paper's search, wants a search.
        let asksForSearch = search.mode == .paper || (proposer.map { $0 != .uniform } ?? false)
        options.allocation = allocation ?? (asksForSearch ? .search : nil)
        options.form = form.form
        options.refit = refit
        options.overwrite = overwrite
        options.tasks = tasks.selection
        if let continuations {
            var generation = GeneratePromptsOptions(model: model, prompts: continuations)
            generation.maximumTokens = continuationTokens ?? 64
            generation.temperature = continuationTemperature ?? 0
            generation.seed = settings.seed
            generation.usesChatTemplate = continuationChat
            options.continuations = generation
        }
        var speeds = BenchOptions(models: [])
        speed.apply(to: &speeds)
        speeds.compute = compute.options
        if bench { options.bench = speeds }
        let observer = TerminalObserver(onStop: "stopped; run the same command to go on")
        let report = try await prune(options, observer: observer) {
            try BenchProcess.run($0, speeds) { observer.isCancelled }
        }
        if json.json { return try printJSON(report) }
        print(report.comparison.plain(heading: Terminal.standardOutput.bold))
        if let lines = report.models.continuationLines(limit: 3, heading: Terminal.standardOutput.bold) {
            print("\n\(lines)")
        }
        for words in [report.speedWords, report.allocationWords, report.targetWords].compactMap({ $0 }) {
            print("\n\(words)")
        }
        print("\nThe smaller model is in \(output); report.md there has the blocks, the search and the settings.")
    }
}

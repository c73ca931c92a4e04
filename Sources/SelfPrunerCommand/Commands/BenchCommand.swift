import ArgumentParser
import Foundation
import Reporting
import SelfPruner

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure a model's speed and memory, or two models in turns.",
        discussion: """
            Every run is a process of its own, so that loading, the first prompt and peak memory are what a user has. \
            With --against the two models take turns, A B A B, and ratios are taken turn by turn, because a machine's \
            speed drifts: ratios say how many times MODEL's figure is that of the other.

              prefill       the prompt's tokens a second, logits of the last position only, when everything is warm
              decode        tokens a second, one at a time behind the prompt
              first token   from the prompt to the first new token, the first time in a process
              load          from opening the files to a model that is ready
              peak memory   largest resident size of the process; pages of the mapped files count
              on disk       the GGUF file, or the folder's safetensors files

            Examples:
              selfpruner bench model.gguf
              selfpruner bench smaller --against model.gguf --runs 7
            """)

    @Argument(help: "A GGUF file or a Hugging Face folder.")
    var model: String

    @Option(help: "Another model to take turns with.")
    var against: String?

    @OptionGroup var bench: BenchArguments
    @OptionGroup var compute: ComputeArguments
    @OptionGroup var json: JSONFlag

    func run() throws {
        var options = BenchOptions(
            models: [model] + [against].compactMap { $0 }, reference: against == nil ? nil : 1)
        bench.apply(to: &options)
        options.compute = compute.options
        let observer = TerminalObserver()
        let report = try SelfPruner.bench(options, observer: observer) {
            try BenchProcess.run($0, options) { observer.isCancelled }
        }
        if json.json { return try printJSON(report) }
        print(report.table.plain(heading: Terminal.standardOutput.bold))
        print("\n\(report.words)")
    }
}

/// What a speed is measured with: of `bench`, `compare-models` and `prune`.
struct BenchArguments: ParsableArguments {
    @Option(help: "Tokens of the prompt. (default: \(Self.defaults.promptTokens))")
    var promptTokens: Int?

    @Option(help: "Tokens to make behind it. (default: \(Self.defaults.newTokens))")
    var newTokens: Int?

    @Option(help: "Runs of each model. (default: \(Self.defaults.runs))")
    var runs: Int?

    private static let defaults = BenchOptions(models: [])

    func apply(to options: inout BenchOptions) {
        if let promptTokens { options.promptTokens = promptTokens }
        if let newTokens { options.newTokens = newTokens }
        if let runs { options.runs = runs }
    }

    /// Where speed is measured only on demand.
    /// - Throws: `ValidationError`.
    func validate(isWanted: Bool) throws {
        if isWanted { return }
        try requireNone(
            of: [
                ("--prompt-tokens", promptTokens != nil), ("--new-tokens", newTokens != nil), ("--runs", runs != nil),
            ],
            without: "--bench")
    }
}

/// One run of `bench`, in the process that it is given.
struct BenchRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-run", abstract: "Measure a model's speed once, in this process, and print JSON.",
        shouldDisplay: false)

    @Argument(help: "A GGUF file or a Hugging Face folder.")
    var model: String

    @OptionGroup var bench: BenchArguments
    @OptionGroup var compute: ComputeArguments

    func run() throws {
        var options = BenchOptions(models: [model])
        bench.apply(to: &options)
        options.compute = compute.options
        try printJSON(benchRun(model, options))
    }
}

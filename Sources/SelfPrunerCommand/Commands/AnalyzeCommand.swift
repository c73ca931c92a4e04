import ArgumentParser
import Foundation
import Reporting
import SelfPruner

struct AnalyzeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "analyze", abstract: "Measure what each part of a model is worth to it.",
        discussion: """
            Cuts every attention and every MLP alone, removes every block, and removes the cheapest parts two at a \
            time, each time measuring how far the predictions move. A table shows what each cut costs, which blocks \
            the model could live without, attention against MLP, and which parts stand in for each other: removing \
            both costs more than the sum. MLPs are measured at a few levels and interpolated between them (marked ~); \
            a few more levels are measured to say how far off that is.

            SmolLM2-135M takes about five minutes on two cores. Nothing is written unless a file is named.

            Examples:
              selfpruner analyze model.gguf
              selfpruner analyze model.gguf --tokens 4096 \\
                --chart worth.svg --output worth.json
            """)

    @Argument(help: "A GGUF file or a Hugging Face folder.")
    var model: String

    @Option(help: "Tokens of the fitness text that cuts are measured on.")
    var tokens = AnalyzeOptions(model: "").tokens

    @Option(help: "Blocks, and sublayers, that cost least and are removed in pairs as well; 0 for none.")
    var pairs = AnalyzeOptions(model: "").pairs

    @Option(help: "Levels that are measured only to check the interpolation.")
    var checks = AnalyzeOptions(model: "").checks

    @Option(help: "Also write the JSON to this file.")
    var output: String?

    @Option(help: "Draw the losses by depth into this SVG file.")
    var chart: String?

    @Option(help: "nested (refit by least squares), wanda-sp, flap, magnitude or random; see prune --help.")
    var method = SearchOptions.Method.nested

    @Option(help: "Which units are kept first; see prune --help.")
    var order = SearchOptions.Order.auto

    @Option(help: "What attentions are cut by: auto, groups or heads; see prune --help.")
    var attentionUnits = SearchOptions.AttentionUnits.auto

    @Option(help: "What cuts are measured by: kl (divergence from the whole model) or perplexity.")
    var fitness = SearchOptions.Fitness.kl

    @Option(help: "Channels of one step of an MLP; a 32nd of them in multiples of 32 by default.")
    var channelStep: Int?

    @Option(help: "What MLPs keep is a multiple of this many channels.")
    var align: Int?

    @Option(help: "Ridge of the least squares, a fraction of the inputs' mean variance.")
    var ridge = SearchOptions(model: "", rate: 0.5).ridge

    @Option(help: "Memory that the analysis may take, such as 8GB; half of the machine's by default.")
    var memory: MemoryAmount?

    @OptionGroup(title: "Texts") var texts: TextArguments
    @OptionGroup var compute: ComputeArguments
    @OptionGroup var json: JSONFlag

    func run() throws {
        let start = ContinuousClock.now
        let report = try analyze(options, observer: TerminalObserver())
        if let chart { try report.writeChart(to: chart) }
        if let output { try report.write(to: output) }
        if json.json { return try printJSON(report) }
        show(report, ContinuousClock.now - start)
    }

    private var options: AnalyzeOptions {
        var search = SearchOptions(model: model, rate: 0.5)
        search.method = method
        search.order = order
        search.attentionUnits = attentionUnits
        search.fitness = fitness
        search.channelStep = channelStep
        search.alignment = align
        search.ridge = ridge
        search.memory = memory?.bytes
        texts.apply(to: &search)
        search.compute = compute.options
        var options = AnalyzeOptions(search)
        options.tokens = tokens
        options.pairs = pairs
        options.checks = checks
        return options
    }

    private func show(_ report: AnalysisReport, _ time: Duration) {
        let terminal = Terminal.standardOutput
        let tables: [(String, TextTable)] = [
            (
                "What cutting each part alone costs",
                report.blockTable(bars: terminal.isInteractive, isUnicode: terminal.isUnicode)
            ),
            ("Blocks that the model misses least", report.rankingTable(count: 8)),
            ("Attention and MLP", report.kindTable),
            ("Parts that stand in for each other (+), and that lack the same (−)", report.pairTable(count: 6)),
        ]
        for (title, table) in tables where !(title.hasPrefix("Parts") && report.pairs.isEmpty) {
            print(terminal.bold(title))
            print(table.plain(heading: terminal.bold))
            print("")
        }
        print(report.words)
        print("It took \(NumberFormat.duration(time)).")
    }
}

import ArgumentParser
import Foundation
import Reporting
import SelfPruner

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Measure a model's perplexity on a text.",
        discussion: """
            The text is cut into consecutive windows; every token of a window but its first is scored, and a last \
            window that is not full is dropped. The literature's WikiText-2 figure:
              selfpruner evaluate MODEL --text wiki.test.raw --joiner wikitext
            """)

    @Argument(help: "A GGUF file or a Hugging Face folder.")
    var model: String

    @Option(help: "The text file.")
    var text: String

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

    @OptionGroup var compute: ComputeArguments
    @OptionGroup var json: JSONFlag

    func run() throws {
        var options = EvaluateOptions(model: model, text: text)
        options.joiner = joiner
        options.sequenceLength = sequenceLength
        options.maximumTokens = maxTokens
        options.addsBeginOfText = bos
        options.against = against
        options.compute = compute.options
        let report = try evaluate(options, observer: TerminalObserver())
        if json.json { return try printJSON(report) }
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

import ArgumentParser
import Foundation
import Reporting
import SelfPruner

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a model in another form, for other programs.",
        discussion: """
            Reads a pruned or dense model in any form and writes it in the one asked for; then reads that back and \
            compares logits on 64 tokens: a model that does not compute the same is not published.

            Examples:
              selfpruner export smaller --format gguf --quantize q4_k_m \\
                --output smaller.gguf
              selfpruner export smaller.gguf --format hf --output smaller-hf
              selfpruner export smaller --format hf-padded --output smaller-padded
            """)

    @Argument(help: "A GGUF file or a Hugging Face folder.")
    var model: String

    @Option(help: "A folder; with --format gguf also a file that ends in .gguf.")
    var output: String

    @Flag(help: "Replace an output that exists.")
    var overwrite = false

    @OptionGroup var form: FormArguments
    @OptionGroup var compute: ComputeArguments
    @OptionGroup var json: JSONFlag

    func validate() throws {
        if form.isMisnamed(output) {
            throw ValidationError("\(output) is the name of a GGUF file: add --format gguf, or name a folder.")
        }
    }

    func run() throws {
        var options = ExportOptions(model: model, output: output)
        options.form = form.form
        options.overwrite = overwrite
        options.compute = compute.options
        let report = try export(options, observer: TerminalObserver())
        if json.json { return try printJSON(report) }
        var table = TextTable([.init("measure"), .init("value", .right)])
        for (name, value) in [
            ("format", report.format.rawValue), ("weights", report.elementType),
            ("parameters", NumberFormat.grouped(report.parameters)),
            ("bytes of the weights", "\(ByteCount(report.bytes))"),
            ("before", "\(ByteCount(report.bytesBefore))"),
            (
                "logits read back, \(report.check.tokens) tokens",
                "\(NumberFormat.significant(report.check.deviation, digits: 2)) σ off"
            ),
        ] {
            table.addRow([name, value])
        }
        print(table.plain(heading: Terminal.standardOutput.bold))
        print("\nThe model is in \(output).")
    }
}

import ArgumentParser
import Reporting
import SelfPruner

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what a model consists of, block by block.",
        discussion: """
            Parameters of the decoder blocks are what a pruning rate is a fraction of; embedding, output head and \
            final norm are counted apart.
            """)

    @Argument(help: "A GGUF file or a Hugging Face folder.")
    var model: String

    @OptionGroup var json: JSONFlag

    func run() throws {
        let summary = try ModelSummary(inspecting: model)
        if json.json { return try printJSON(summary) }
        let terminal = Terminal.standardOutput
        print(facts(summary).plain(heading: terminal.bold))
        print()
        print(blocks(summary).plain(heading: terminal.bold))
    }

    private func facts(_ summary: ModelSummary) -> TextTable {
        var table = TextTable([.init("model"), .init(summary.path)])
        let types = summary.elementTypes.sorted { ($0.value, $1.key) > ($1.value, $0.key) }
        for (name, value) in [
            ("format", summary.format), ("architecture", summary.architecture),
            ("hidden size", "\(summary.hiddenSize)"), ("head size", "\(summary.headSize)"),
            ("vocabulary", "\(summary.vocabularySize)"), ("context", "\(summary.contextLength)"),
            ("embeddings", summary.tiedEmbeddings ? "tied" : "untied"),
            ("biases", summary.biases.isEmpty ? "none" : summary.biases.joined(separator: ", ")),
            ("element types", types.map { "\($0.key) (\(NumberFormat.count($0.value)))" }.joined(separator: ", ")),
            ("parameters", "\(NumberFormat.grouped(summary.parameters)), \(ByteCount(summary.bytes))"),
            (
                "without embeddings",
                "\(NumberFormat.grouped(summary.decoderParameters)), \(ByteCount(summary.decoderBytes))"
            ),
        ] {
            table.addRow([name, value])
        }
        return table
    }

    private func blocks(_ summary: ModelSummary) -> TextTable {
        var table = TextTable([
            .init("block", .right), .init("query heads", .right), .init("key/value heads", .right),
            .init("channels", .right), .init("attention", .right), .init("MLP", .right), .init("parameters", .right),
            .init("bytes", .right),
        ])
        for block in summary.blocks {
            table.addRow([
                "\(block.index)", "\(block.queryHeads)", "\(block.keyValueHeads)", "\(block.channels)",
                NumberFormat.count(block.attentionParameters), NumberFormat.count(block.mlpParameters),
                NumberFormat.count(block.parameters), "\(ByteCount(block.bytes))",
            ])
        }
        table.addRule()
        let sum = { (key: KeyPath<ModelSummary.Block, Int>) in summary.blocks.reduce(0) { $0 + $1[keyPath: key] } }
        table.addRow([
            "all", "\(sum(\.queryHeads))", "\(sum(\.keyValueHeads))", "\(sum(\.channels))",
            NumberFormat.count(sum(\.attentionParameters)), NumberFormat.count(sum(\.mlpParameters)),
            NumberFormat.count(sum(\.parameters)), "\(ByteCount(sum(\.bytes)))",
        ])
        return table
    }
}

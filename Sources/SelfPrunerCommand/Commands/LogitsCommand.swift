import ArgumentParser
import Foundation
import SelfPruner

/// For comparisons with other implementations: Scripts/verify-model uses it.
struct LogitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logits", abstract: "Write a model's logits for given tokens.",
        discussion: "The file holds float32 values, row-major [tokens, vocabulary], in the machine's byte order.",
        shouldDisplay: false)

    @Argument(help: "A GGUF file or a Hugging Face folder.")
    var model: String

    @Option(help: "A JSON file with an array of token ids.")
    var tokens: String

    @Option(help: "The file to write.")
    var output: String

    @OptionGroup var compute: ComputeArguments

    func run() throws {
        let ids: [Int32]
        do {
            ids = try JSONDecoder().decode([Int32].self, from: Data(readText(tokens)))
        } catch is DecodingError {
            throw SelfPrunerError(.badOption, "The file \(tokens) is not a JSON array of token ids")
        }
        let logits = try SelfPruner.logits(model: model, tokens: ids, compute: compute.options)
        try logits.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: output), options: .atomic) }
    }
}

import ArgumentParser
import Foundation
import SelfPruner

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Print the token ids of a text.",
        discussion: "Without FILE the text is read from standard input. Bytes that are not UTF-8 become U+FFFD.")

    @Argument(help: "A GGUF file or a Hugging Face folder.")
    var model: String

    @Argument(help: "A text file; standard input by default.")
    var file: String?

    @Flag(help: "Add begin- and end-of-text tokens where the model's tokenizer does.")
    var addSpecialTokens = false

    @Flag(help: "Treat special tokens written in the text as plain text.")
    var plain = false

    @OptionGroup var json: JSONFlag

    func run() throws {
        let text = try file.map(readText) ?? readStandardInput()
        let report = try tokenize(
            model: model, text: text, addsSpecialTokens: addSpecialTokens, parsesSpecialTokens: !plain)
        if json.json { return try printJSON(report) }
        print(report.ids.map(String.init).joined(separator: " "))
    }
}

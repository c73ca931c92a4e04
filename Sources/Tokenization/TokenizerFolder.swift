import Foundation

/// The tokenizer files of a Hugging Face folder.
struct TokenizerFolder {
    /// Those that a checkpoint made from this one takes along.
    static let fileNames = [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja",
    ]

    let path: String

    func location(_ name: String) -> String { path.hasSuffix("/") ? path + name : path + "/" + name }

    /// The bytes of a file, `nil` where there is none.
    /// - Throws: `TokenizerError.unreadable`
    func bytes(_ name: String) throws(TokenizerError) -> [UInt8]? {
        let location = location(name)
        guard FileManager.default.fileExists(atPath: location) else { return nil }
        do {
            return Array(try Data(contentsOf: URL(filePath: location)))
        } catch {
            throw TokenizerError(.unreadable, "the file cannot be read", file: location)
        }
    }

    func parts() throws(TokenizerError) -> TokenizerParts {
        let name = "tokenizer.json"
        guard let bytes = try bytes(name) else {
            throw TokenizerError(.notFound, "there is no such file, and it defines the tokenizer", file: location(name))
        }
        let definition = try TokenizerDefinition(json: bytes, file: location(name))
        var parts = TokenizerParts(definition: definition, file: location(name))
        // The first file that names a token decides.
        for name in ["tokenizer_config.json", "special_tokens_map.json"] {
            guard let bytes = try self.bytes(name) else { continue }
            let json = try TokenizerJSONReader.read(bytes, file: location(name))
            parts.beginOfText = parts.beginOfText ?? token(json, "bos_token")
            parts.endOfText = parts.endOfText ?? token(json, "eos_token")
            parts.unknown = parts.unknown ?? token(json, "unk_token")
            parts.padding = parts.padding ?? token(json, "pad_token")
            parts.chatTemplate = parts.chatTemplate ?? chatTemplate(json)
        }
        if let bytes = try self.bytes("chat_template.jinja") {
            parts.chatTemplate = String(decoding: bytes, as: UTF8.self)
        }
        return parts
    }

    /// A token is named by its content, or by an object that holds it.
    private func token(_ json: TokenizerJSON, _ key: String) -> TokenizerParts.Reference? {
        guard let value = json.present(key) else { return nil }
        return (value.bytes ?? value["content"]?.bytes).map { .spelling($0) }
    }

    /// One template, or a list of named ones of which `default` is ours.
    private func chatTemplate(_ json: TokenizerJSON) -> String? {
        guard let value = json.present("chat_template") else { return nil }
        return value.text ?? value.array?.first { $0["name"]?.text == "default" }?["template"]?.text
    }
}

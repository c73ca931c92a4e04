/// A file to be written next to a checkpoint's weights.
package struct TokenizerFile: Sendable, Equatable {
    package var name: String
    package var bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

extension Tokenizer {
    /// The files by which a Hugging Face folder takes this tokenizer along: those of the source folder as they are, or
    /// for a GGUF file equivalent ones.
    /// - Throws: `TokenizerError`: a file of the source folder cannot be read.
    package func exportFiles() throws(TokenizerError) -> [TokenizerFile] {
        switch source {
        case .gguf:
            return [
                TokenizerFile(name: "tokenizer.json", bytes: definition.json().serialised()),
                TokenizerFile(name: "tokenizer_config.json", bytes: configuration().serialised()),
            ]
        case .folder(let path):
            let folder = TokenizerFolder(path: path)
            var files: [TokenizerFile] = []
            for name in TokenizerFolder.fileNames {
                if let bytes = try folder.bytes(name) { files.append(TokenizerFile(name: name, bytes: bytes)) }
            }
            return files
        }
    }

    private func configuration() -> TokenizerJSON {
        var members: [TokenizerJSON.Member] = []
        func add(_ key: String, _ value: TokenizerJSON?) {
            if let value { members.append(.init(key: Array(key.utf8), value: value)) }
        }
        add("tokenizer_class", .string("PreTrainedTokenizerFast"))
        add("clean_up_tokenization_spaces", .bool(false))
        let named = [
            ("bos_token", beginOfTextToken), ("eos_token", endOfTextToken), ("unk_token", unknownToken),
            ("pad_token", paddingToken),
        ]
        for (key, id) in named { add(key, id.flatMap(spelling).map { .string($0) }) }
        add("chat_template", chatTemplate.map { .string($0) })
        return .object(members)
    }
}

import Checkpoints

extension GGUFTokenizerMetadata {
    /// `tokenizer.ggml.token_type`.
    enum TokenType {
        static let normal: Int32 = 1, unknown: Int32 = 2, control: Int32 = 3, userDefined: Int32 = 4
        static let unused: Int32 = 5, byte: Int32 = 6
    }

    private static let file = "GGUF metadata"

    private func failure(_ message: String) -> TokenizerError {
        TokenizerError(.badDefinition, message, file: Self.file)
    }

    /// - Throws: `TokenizerError`: inconsistent metadata, or an unknown model or pre-tokenizer.
    func tokenizerParts() throws(TokenizerError) -> TokenizerParts {
        if tokens.isEmpty { throw failure("'tokenizer.ggml.tokens' is missing or empty") }
        if tokens.count > TokenizerDefinition.largestID { throw failure("'tokenizer.ggml.tokens' is too long") }
        if !tokenTypes.isEmpty, tokenTypes.count != tokens.count {
            throw failure("'tokenizer.ggml.token_type' has \(tokenTypes.count) entries for \(tokens.count) tokens")
        }
        for (index, token) in tokens.enumerated() where !UTF8Repair.isWellFormed(token) {
            throw failure("token \(index) is not UTF-8")
        }
        var definition: TokenizerDefinition
        switch model {
        case "gpt2": definition = try byteLevelDefinition()
        case "llama": definition = try sentencePieceDefinition()
        default:
            throw TokenizerError(
                .unsupported, "'tokenizer.ggml.model' is '\(model)', which is neither gpt2 nor llama", file: Self.file)
        }
        for (index, token) in tokens.enumerated() where index < tokenTypes.count && !token.isEmpty {
            let type = tokenTypes[index]
            guard type == TokenType.control || type == TokenType.userDefined || type == TokenType.unknown else {
                continue
            }
            definition.addedTokens.append(
                AddedToken(id: Int32(index), content: token, isSpecial: type != TokenType.userDefined))
        }
        definition.template = template()
        var parts = TokenizerParts(definition: definition, file: Self.file)
        parts.beginOfText = reference(beginOfTextToken)
        parts.endOfText = reference(endOfTextToken)
        parts.unknown = reference(unknownToken)
        parts.padding = reference(paddingToken)
        parts.chatTemplate = chatTemplate
        return parts
    }

    private func reference(_ id: Int?) -> TokenizerParts.Reference? {
        id.flatMap { Int32(exactly: $0) }.map { .id($0) }
    }

    /// Where the file does not say, SentencePiece and Llama 3 begin texts with their token, the others do not.
    private func template() -> [TokenizerDefinition.TemplatePiece] {
        func piece(_ id: Int?) -> [TokenizerDefinition.TemplatePiece] {
            guard let id, tokens.indices.contains(id), !tokens[id].isEmpty else { return [] }
            return [.tokens([Int32(id)])]
        }
        let begins = addsBeginOfText ?? (model == "llama" || isLlama3)
        return (begins ? piece(beginOfTextToken) : []) + [.text] + (addsEndOfText == true ? piece(endOfTextToken) : [])
    }

    private var isLlama3: Bool { ["llama-bpe", "llama3", "llama-v3"].contains(preTokenizer) }

    private var wordPattern: WordPattern? {
        switch preTokenizer {
        case _ where isLlama3, "dbrx": .llama3
        case "qwen2": .qwen2
        default: nil
        }
    }

    private func byteLevelDefinition() throws(TokenizerError) -> TokenizerDefinition {
        var model = TokenizerDefinition.BytePair()
        model.vocabulary = tokens.enumerated().map { ($1, Int32($0)) }.filter { !$0.0.isEmpty }
        model.merges.reserveCapacity(merges.count)
        for (index, merge) in merges.enumerated() {
            guard let pair = DefinitionReader.mergePair(merge) else {
                throw failure("entry \(index) of 'tokenizer.ggml.merges' is not a pair of tokens")
            }
            model.merges.append(pair)
        }
        model.ignoresMerges = isLlama3
        var definition = TokenizerDefinition(model: .bytePair(model))
        definition.decoder = [.byteLevel]
        if let wordPattern {
            if wordPattern == .qwen2 { definition.normalizer = [.nfc] }
            definition.preTokenizer = [.pattern(wordPattern), .byteLevel(addsPrefixSpace: false, splitsWords: false)]
            return definition
        }
        let bytes = TokenizerDefinition.PreTokenizerStep.byteLevel(
            addsPrefixSpace: addsSpacePrefix ?? false, splitsWords: true)
        switch preTokenizer {
        case "gpt-2", "gpt2": definition.preTokenizer = [bytes]
        case "smollm", "starcoder", "refact": definition.preTokenizer = [.digits(individual: true), bytes]
        case nil:
            throw TokenizerError(
                .unsupported,
                "'tokenizer.ggml.pre' is missing, so that nobody knows how words are split: convert the model again with a "
                    + "newer llama.cpp", file: Self.file)
        case let name?:
            throw TokenizerError(.unsupported, "'tokenizer.ggml.pre' is '\(name)', which is not known", file: Self.file)
        }
        return definition
    }

    /// SentencePiece's BPE joins the pair whose result has the best score; as merges: every way to make a token of two
    /// others, best score first, then as Hugging Face's converter orders them.
    private func sentencePieceDefinition() throws(TokenizerError) -> TokenizerDefinition {
        if scores.count != tokens.count {
            throw failure("'tokenizer.ggml.scores' has \(scores.count) entries for \(tokens.count) tokens")
        }
        var table = ByteStringTable(minimumCapacity: tokens.count)
        var ids: [Int] = []
        for (id, token) in tokens.enumerated() where table.find(token) < 0 && !token.isEmpty {
            _ = table.number(of: token)
            ids.append(id)
        }
        struct Split {
            var id: Int
            var cut: Int
            var left: Int
            var right: Int
        }
        var splits: [Split] = []
        // Long tokens of a hostile file would make this quadratic; real ones are far shorter.
        for id in ids where tokens[id].count <= 256 {
            let token = tokens[id]
            for cut in 1..<max(token.count, 1) where token[cut] & 0xC0 != 0x80 {
                let left = table.find(token, 0, cut)
                let right = table.find(token, cut, token.count)
                if left >= 0, right >= 0 { splits.append(Split(id: id, cut: cut, left: ids[left], right: ids[right])) }
            }
        }
        func precedes(_ first: Split, _ second: Split) -> Bool {
            let (a, b) = (scores[first.id], scores[second.id])
            if a != b { return a > b }
            let (lengthA, lengthB) = (scalars(first), scalars(second))
            if lengthA != lengthB { return lengthA > lengthB }
            return (first.id, first.left, first.right) < (second.id, second.left, second.right)
        }
        func scalars(_ split: Split) -> Int { tokens[split.id][..<split.cut].count { $0 & 0xC0 != 0x80 } }
        splits.sort(by: precedes)
        var model = TokenizerDefinition.BytePair()
        model.vocabulary = ids.map { (tokens[$0], Int32($0)) }
        model.merges = splits.map { (Array(tokens[$0.id][..<$0.cut]), Array(tokens[$0.id][$0.cut...])) }
        model.fallsBackToBytes = true
        model.fusesUnknown = true
        model.unknownToken = unknownToken.flatMap { tokens.indices.contains($0) ? tokens[$0] : nil }
        var definition = TokenizerDefinition(model: .bytePair(model))
        let space: [UInt8] = [0xE2, 0x96, 0x81]
        let addsPrefix = addsSpacePrefix ?? true
        definition.normalizer = (addsPrefix ? [.prepend(space)] : []) + [.replace([0x20], with: space)]
        definition.decoder = [.replace(space, with: [0x20]), .byteFallback, .fuse]
        if addsPrefix { definition.decoder?.append(.strip([0x20], start: 1, stop: 0)) }
        return definition
    }
}

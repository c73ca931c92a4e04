import Checkpoints

extension Tokenizer {
    /// The `tokenizer.*` metadata by which a GGUF file takes this tokenizer along (keys and values: ggml's
    /// `docs/gguf.md`; names of pre-tokenizers: llama.cpp's `src/llama-vocab.cpp`).
    /// - Parameters:
    ///   - vocabularySize: rows of the model's embedding, for each of which the file names a token.
    ///   - endOfTextTokens: those that end a text, from the model's configuration: the first ends texts, further ones
    ///     turns and messages.
    /// - Throws: `TokenizerError.unsupported`: GGUF cannot say what the tokenizer does.
    package func ggufMetadata(
        vocabularySize: Int, endOfTextTokens: [Int]
    ) throws(TokenizerError) -> GGUFTokenizerMetadata {
        var metadata: GGUFTokenizerMetadata
        switch definition.model {
        case .bytePair(let model):
            if case .byteLevel = definition.preTokenizer.last {
                metadata = try byteLevelMetadata(model)
            } else {
                metadata = try sentencePieceMetadata(model)
            }
        case .unigram: throw unsupported("a Unigram model")
        }
        fill(&metadata, vocabularySize)
        metadata.beginOfTextToken = beginOfTextToken.map(Int.init)
        let ends = endOfTextTokens.isEmpty ? [endOfTextToken].compactMap { $0.map(Int.init) } : endOfTextTokens
        metadata.endOfTextToken = ends.first
        metadata.endOfTurnToken = ends.dropFirst().first
        metadata.endOfMessageToken = ends.dropFirst(2).first
        metadata.unknownToken = unknownToken.map(Int.init)
        metadata.paddingToken = paddingToken.map(Int.init)
        let place = definition.template.firstIndex(of: .text) ?? 0
        metadata.addsBeginOfText = try adds(definition.template[..<place], &metadata.beginOfTextToken, "before")
        metadata.addsEndOfText = try adds(
            definition.template.dropFirst(place + 1), &metadata.endOfTextToken, "behind")
        metadata.chatTemplate = chatTemplate
        guard [metadata.tokens, metadata.merges].joined().allSatisfy({ !$0.contains(0) }),
            chatTemplate?.utf8.contains(0) != true
        else { throw unsupported("a zero byte in a token, a merge or the chat template") }
        return metadata
    }

    private func unsupported(_ what: String) -> TokenizerError {
        let file: String
        switch source {
        case .folder(let path): file = path
        case .gguf: file = "GGUF metadata"
        }
        return TokenizerError(.unsupported, "GGUF has no name for a tokenizer with \(what)", file: file)
    }

    /// Whether every text gets the token; where no configuration names it, the template does.
    private func adds(
        _ pieces: ArraySlice<TokenizerDefinition.TemplatePiece>, _ token: inout Int?, _ place: String
    ) throws(TokenizerError) -> Bool {
        let ids = pieces.flatMap { piece -> [Int] in if case .tokens(let ids) = piece { ids.map(Int.init) } else { [] }
        }
        if ids.isEmpty { return false }
        if token == nil, ids.count == 1 { token = ids[0] }
        guard ids.count == 1, ids[0] == token else {
            throw unsupported("the tokens \(ids) \(place) every text")
        }
        return true
    }

    /// Every row of the embedding has a token, if only a placeholder.
    private func fill(_ metadata: inout GGUFTokenizerMetadata, _ vocabularySize: Int) {
        typealias Kind = GGUFTokenizerMetadata.TokenType
        let added = Dictionary(addedTokens.map { ($0.id, $0) }) { first, _ in first }
        let isSentencePiece = metadata.model == "llama"
        for id in 0..<Int32(vocabularySize) {
            guard let spelling = spelling(of: id) else {
                metadata.tokens.append(Array("[PAD\(id)]".utf8))
                metadata.tokenTypes.append(Kind.unused)
                continue
            }
            metadata.tokens.append(spelling)
            if isSentencePiece, id == unknownToken {
                metadata.tokenTypes.append(Kind.unknown)
            } else if isSentencePiece, ByteFallback.byte(of: spelling) != nil {
                metadata.tokenTypes.append(Kind.byte)
            } else if let token = added[id] {
                metadata.tokenTypes.append(token.isSpecial ? Kind.control : Kind.userDefined)
            } else {
                metadata.tokenTypes.append(Kind.normal)
            }
        }
        if isSentencePiece {
            metadata.scores += [Float](repeating: 0, count: max(0, vocabularySize - metadata.scores.count))
        }
    }

    private func byteLevelMetadata(
        _ model: TokenizerDefinition.BytePair
    ) throws(TokenizerError) -> GGUFTokenizerMetadata {
        var metadata = GGUFTokenizerMetadata()
        metadata.model = "gpt2"
        let words = TokenizerDefinition.PreTokenizerStep.byteLevel(addsPrefixSpace: false, splitsWords: true)
        let bytes = TokenizerDefinition.PreTokenizerStep.byteLevel(addsPrefixSpace: false, splitsWords: false)
        typealias Known = (
            name: String, preTokenizer: [TokenizerDefinition.PreTokenizerStep],
            normalizer: [TokenizerDefinition.NormalizerStep], ignoresMerges: Bool
        )
        let known: [Known] = [
            ("llama-bpe", [.pattern(.llama3), bytes], [], true),
            // In llama.cpp the same words, merged.
            ("dbrx", [.pattern(.llama3), bytes], [], false),
            ("qwen2", [.pattern(.qwen2), bytes], [.nfc], false),
            ("smollm", [.digits(individual: true), words], [], false),
            ("gpt-2", [words], [], false),
            ("gpt-2", [.pattern(.gpt2), bytes], [], false),
        ]
        guard
            let match = known.first(where: {
                $0.preTokenizer == definition.preTokenizer && $0.normalizer == definition.normalizer
                    && $0.ignoresMerges == model.ignoresMerges
            })
        else { throw unsupported("these steps before the byte-pair merges") }
        metadata.preTokenizer = match.name
        metadata.merges = model.merges.map { $0.left + [0x20] + $0.right }
        return metadata
    }

    /// SentencePiece joins the pair whose result has the best score: the earlier a token is the result of a merge, the
    /// better.
    private func sentencePieceMetadata(
        _ model: TokenizerDefinition.BytePair
    ) throws(TokenizerError) -> GGUFTokenizerMetadata {
        var metadata = GGUFTokenizerMetadata()
        metadata.model = "llama"
        guard model.fallsBackToBytes else { throw unsupported("merges of characters without a fallback to bytes") }
        let space: [UInt8] = [0xE2, 0x96, 0x81]
        if definition.preTokenizer.isEmpty, definition.normalizer.last == .replace([0x20], with: space),
            definition.normalizer.count == 1 || definition.normalizer.dropLast() == [.prepend(space)]
        {
            metadata.addsSpacePrefix = definition.normalizer.count == 2
        } else if definition.normalizer.isEmpty, definition.preTokenizer.count == 1,
            case .metaspace(space, let scheme, splits: false) = definition.preTokenizer[0]
        {
            metadata.addsSpacePrefix = scheme != .never
        } else {
            throw unsupported("these steps before its merges")
        }
        var table = ByteStringTable(minimumCapacity: model.vocabulary.count)
        var ids: [Int32] = []
        for (token, id) in model.vocabulary where table.find(token) < 0 {
            _ = table.number(of: token)
            ids.append(id)
        }
        metadata.scores = [Float](repeating: 0, count: Int(model.vocabulary.map(\.id).max() ?? -1) + 1)
        var isKnown = [Bool](repeating: false, count: metadata.scores.count)
        for (rank, merge) in model.merges.enumerated() {
            let place = table.find(merge.left + merge.right)
            guard place >= 0, case let id = Int(ids[place]), !isKnown[id] else { continue }
            isKnown[id] = true
            metadata.scores[id] = -Float(rank)
        }
        // What no merge makes is merged last, where two other tokens make it: SentencePiece knows no merges.
        let worst = -Float(model.merges.count) - 1
        for (token, id) in model.vocabulary where !isKnown[Int(id)] && token.count > 1 {
            metadata.scores[Int(id)] = worst
        }
        return metadata
    }
}

import Checkpoints

/// Turns text into the token ids of a checkpoint and back, as Hugging Face `tokenizers` does with the same definition.
///
/// Text is bytes; where they are not UTF-8, each maximal ill-formed subpart counts as one U+FFFD.
package struct Tokenizer: Sendable {
    enum Model: Sendable {
        case bytePair(BytePairModel)
        case unigram(UnigramModel)
    }

    let source: TokenizerSource
    let definition: TokenizerDefinition
    let model: Model
    /// Of the raw text, and of the normalised text.
    let rawMatcher: AddedTokenMatcher, normalizedMatcher: AddedTokenMatcher
    /// UTF-8 spelling of each id, empty where there is none.
    let spellings: [[UInt8]]
    let specialIDs: Set<Int32>

    /// One past the largest id.
    package let vocabularySize: Int
    package let beginOfTextToken: Int32?
    package let endOfTextToken: Int32?
    package let unknownToken: Int32?
    package let paddingToken: Int32?
    /// All added tokens, in the order of the definition.
    package let addedTokens: [AddedToken]
    /// The source of the Jinja template that formats a conversation.
    package let chatTemplate: String?

    package var specialTokens: [AddedToken] { addedTokens.filter(\.isSpecial) }

    /// - Throws: `TokenizerError`: missing, malformed, or in need of a component that is not supported.
    package init(_ source: TokenizerSource) throws(TokenizerError) {
        switch source {
        case .folder(let path): try self.init(source, TokenizerFolder(path: path).parts())
        case .gguf(let metadata): try self.init(source, metadata.tokenizerParts())
        }
    }

    /// A tokenizer from the bytes of `tokenizer.json` alone.
    init(json: [UInt8], file: String) throws(TokenizerError) {
        let definition = try TokenizerDefinition(json: json, file: file)
        try self.init(.folder(file), TokenizerParts(definition: definition, file: file))
    }

    private init(_ source: TokenizerSource, _ parts: TokenizerParts) throws(TokenizerError) {
        let definition = parts.definition
        self.source = source
        self.definition = definition
        var isByteLevel = false
        if case .byteLevel = definition.preTokenizer.last { isByteLevel = true }
        var spellings: [[UInt8]] = []
        func spell(_ id: Int32, _ token: [UInt8]) {
            while spellings.count <= Int(id) { spellings.append([]) }
            spellings[Int(id)] = token
        }
        switch definition.model {
        case .bytePair(let model):
            self.model = .bytePair(try BytePairModel(model, isByteLevel: isByteLevel, file: parts.file))
            for (token, id) in model.vocabulary { spell(id, token) }
        case .unigram(let model):
            if isByteLevel {
                throw TokenizerError(.unsupported, "a Unigram model over bytes is not supported", file: parts.file)
            }
            self.model = .unigram(UnigramModel(model))
            for (id, entry) in model.vocabulary.enumerated() { spell(Int32(id), entry.token) }
        }
        for token in definition.addedTokens { spell(token.id, token.content) }
        for case .tokens(let ids) in definition.template {
            for id in ids where Int(id) >= spellings.count || spellings[Int(id)].isEmpty {
                throw TokenizerError(.badDefinition, "the post-processor adds the unknown id \(id)", file: parts.file)
            }
        }
        self.spellings = spellings
        vocabularySize = spellings.count
        addedTokens = definition.addedTokens
        specialIDs = Set(definition.addedTokens.filter(\.isSpecial).map(\.id))

        // Hugging Face looks for special tokens first, so that they win over others of the same spelling.
        let ordered = addedTokens.filter(\.isSpecial) + addedTokens.filter { !$0.isSpecial }
        rawMatcher = AddedTokenMatcher(ordered.filter { !$0.isNormalized }.map { ($0, $0.content) })
        normalizedMatcher = AddedTokenMatcher(
            ordered.filter(\.isNormalized).map { token in
                (token, definition.normalizer.reduce(token.content) { $1.normalize($0) })
            })
        let known = spellings.count
        func valid(_ id: Int32?) -> Int32? { id.flatMap { $0 >= 0 && Int($0) < known ? $0 : nil } }
        beginOfTextToken = valid(parts.beginOfText.flatMap { $0.id(in: spellings) })
        endOfTextToken = valid(parts.endOfText.flatMap { $0.id(in: spellings) })
        unknownToken = valid(parts.unknown.flatMap { $0.id(in: spellings) })
        paddingToken = valid(parts.padding.flatMap { $0.id(in: spellings) })
        chatTemplate = parts.chatTemplate
    }

    /// The UTF-8 spelling of a token as the definition has it (byte-level tokens in the byte alphabet), `nil` for ids
    /// that are not in the vocabulary.
    package func spelling(of id: Int32) -> [UInt8]? {
        guard id >= 0, Int(id) < spellings.count, !spellings[Int(id)].isEmpty else { return nil }
        return spellings[Int(id)]
    }

    /// The id of an added token, or of a token as the definition spells it.
    package func id(ofToken spelling: String) -> Int32? {
        let bytes = Array(spelling.utf8)
        if let token = addedTokens.first(where: { $0.content == bytes }) { return token.id }
        return TokenizerParts.Reference.spelling(bytes).id(in: spellings)
    }
}

/// What a folder or a GGUF file says about its tokenizer.
struct TokenizerParts {
    /// A token by its number or by its spelling.
    enum Reference {
        case id(Int32)
        case spelling([UInt8])

        func id(in spellings: [[UInt8]]) -> Int32? {
            switch self {
            case .id(let id): id
            case .spelling(let bytes): spellings.firstIndex(of: bytes).map(Int32.init)
            }
        }
    }

    var definition: TokenizerDefinition
    /// For errors.
    var file: String
    var beginOfText: Reference?
    var endOfText: Reference?
    var unknown: Reference?
    var padding: Reference?
    var chatTemplate: String?
}

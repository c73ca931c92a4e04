import Checkpoints
import Testing

@testable import Tokenization

/// Metadata of GGUF files gives the same tokenizer as the `tokenizer.json` it was made from.
struct GGUFTests {
    /// The metadata a converter would write for a byte-level fixture. Tokens that only `tokenizer.json` can describe
    /// (stripping, single words, normalised ones) are left out.
    static func metadata(_ style: String) throws -> GGUFTokenizerMetadata {
        let tokenizer = try Fixture(style).tokenizer
        guard case .bytePair(let model) = tokenizer.definition.model else { throw TestFailure() }
        var metadata = GGUFTokenizerMetadata()
        metadata.model = "gpt2"
        metadata.preTokenizer = "gpt-2"
        metadata.tokens = tokenizer.spellings
        metadata.merges = model.merges.map { $0.left + [0x20] + $0.right }
        metadata.tokenTypes = tokenizer.spellings.map { _ in 1 }
        for token in tokenizer.addedTokens {
            metadata.tokenTypes[Int(token.id)] = token.isSpecial ? 3 : isPlain(token) ? 4 : 1
        }
        metadata.beginOfTextToken = 0
        metadata.endOfTextToken = 2
        metadata.chatTemplate = "{{ messages }}"
        return metadata
    }

    struct TestFailure: Error {}

    static func isPlain(_ token: AddedToken) -> Bool {
        !token.isSingleWord && !token.stripsLeft && !token.stripsRight && !token.isNormalized
    }

    /// Texts in which no token of the fixture occurs that the metadata cannot describe.
    static func examples(_ fixture: Fixture) -> [Fixture.Example] {
        let others = fixture.tokenizer.addedTokens.filter { !isPlain($0) }.map(\.id)
        return fixture.examples.filter { example in !others.contains { example.ids.contains($0) } }
    }

    @Test(
        arguments: [("gpt2", "gpt-2"), ("smollm", "smollm"), ("llama3", "llama-bpe"), ("qwen2", "qwen2")])
    func encodesLikeTheFixture(style: String, name: String) throws {
        let fixture = try Fixture(style)
        var metadata = try Self.metadata(style)
        metadata.preTokenizer = name
        let tokenizer = try Tokenizer(.gguf(metadata))
        let exported = try tokenizer.exportFiles()
        #expect(exported.map(\.name) == ["tokenizer.json", "tokenizer_config.json"])
        let reread = try Tokenizer(json: try #require(exported.first).bytes, file: "exported")
        let examples = Self.examples(fixture)
        #expect(examples.count > 200)
        for example in examples {
            let ids = tokenizer.encode(example.text, addingSpecialTokens: true)
            #expect(ids == example.ids)
            #expect(reread.encode(example.text, addingSpecialTokens: true) == ids)
            #expect(tokenizer.decode(ids, skippingSpecialTokens: true).scalars == example.decoded.scalars)
        }
        #expect(tokenizer.beginOfTextToken == 0)
        #expect(tokenizer.endOfTextToken == 2)
        #expect(tokenizer.specialTokens.map(\.text) == ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
        #expect(tokenizer.chatTemplate == "{{ messages }}")
    }

    /// Scores of a SentencePiece model are the negated ranks of its merges; the fixture's merges must come back.
    @Test func sentencePieceScoresAreMerges() throws {
        let fixture = try Fixture("llama2")
        guard case .bytePair(let model) = fixture.tokenizer.definition.model else { throw TestFailure() }
        var metadata = GGUFTokenizerMetadata()
        metadata.model = "llama"
        metadata.tokens = fixture.tokenizer.spellings
        metadata.scores = metadata.tokens.map { _ in -1e6 }
        for (rank, merge) in model.merges.enumerated() {
            let id = try #require(
                fixture.tokenizer.id(ofToken: String(decoding: merge.left + merge.right, as: UTF8.self)))
            metadata.scores[Int(id)] = Float(-rank)
        }
        metadata.tokenTypes = metadata.tokens.indices.map { $0 == 0 ? 2 : $0 < 3 ? 3 : $0 < 259 ? 6 : 1 }
        metadata.beginOfTextToken = 1
        metadata.unknownToken = 0
        let tokenizer = try Tokenizer(.gguf(metadata))
        for example in fixture.examples where !String(decoding: example.text, as: UTF8.self).contains("<0x") {
            #expect(tokenizer.encode(example.text, addingSpecialTokens: true) == example.ids)
            #expect(tokenizer.decode(example.ids, skippingSpecialTokens: true).scalars == example.decoded.scalars)
        }
    }

    @Test func badMetadataIsRefused() throws {
        let sound = try Self.metadata("gpt2")
        let faults: [(TokenizerError.Code, (inout GGUFTokenizerMetadata) -> Void)] = [
            (.badDefinition, { $0.tokens = [] }),
            (.badDefinition, { $0.tokens[5] = [0xFF] }),
            (.badDefinition, { $0.tokenTypes.removeLast() }),
            (.badDefinition, { $0.merges[3] = Array("ab".utf8) }),
            (.badDefinition, { $0.merges[3] = Array("a b c".utf8) }),
            (.badDefinition, { $0.merges[3] = Array("nosuch token".utf8) }),
            (.badDefinition, { $0.model = "llama" }),
            (.unsupported, { $0.model = "bert" }),
            (.unsupported, { $0.preTokenizer = "tekken" }),
            (.unsupported, { $0.preTokenizer = "default" }),
            (.unsupported, { $0.preTokenizer = nil }),
        ]
        for (code, fault) in faults {
            var metadata = sound
            fault(&metadata)
            let error = #expect(throws: TokenizerError.self) { try Tokenizer(.gguf(metadata)) }
            #expect(error?.code == code)
        }
    }

    @Test func idsOutsideTheVocabularyAreIgnored() throws {
        var metadata = try Self.metadata("gpt2")
        metadata.beginOfTextToken = 1 << 40
        metadata.endOfTextToken = -1
        metadata.addsBeginOfText = true
        metadata.addsEndOfText = true
        let tokenizer = try Tokenizer(.gguf(metadata))
        #expect(tokenizer.beginOfTextToken == nil)
        #expect(tokenizer.endOfTextToken == nil)
        #expect(tokenizer.encode("a", addingSpecialTokens: true) == tokenizer.encode("a", addingSpecialTokens: false))
    }
}

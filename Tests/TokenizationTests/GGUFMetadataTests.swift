import Checkpoints
import Foundation
import Testing

@testable import Tokenization

/// The metadata that an export writes is read as the tokenizer it was made from.
struct GGUFMetadataTests {
    private func metadata(_ style: String, rows: Int? = nil) throws -> GGUFTokenizerMetadata {
        let tokenizer = try Fixture(style).tokenizer
        return try tokenizer.ggufMetadata(
            vocabularySize: rows ?? tokenizer.vocabularySize, endOfTextTokens: [2])
    }

    @Test(
        arguments: [("gpt2", "gpt-2"), ("smollm", "smollm"), ("llama3", "llama-bpe"), ("qwen2", "qwen2")])
    func byteLevelTokenizers(style: String, name: String) throws {
        let fixture = try Fixture(style)
        let metadata = try metadata(style)
        #expect(metadata.model == "gpt2" && metadata.preTokenizer == name)
        #expect(metadata.tokens.count == fixture.tokenizer.vocabularySize)
        let reread = try Tokenizer(.gguf(metadata))
        let examples = GGUFTests.examples(fixture)
        #expect(examples.count > 200)
        for example in examples {
            #expect(reread.encode(example.text, addingSpecialTokens: true) == example.ids)
            #expect(reread.decode(example.ids, skippingSpecialTokens: true).scalars == example.decoded.scalars)
        }
    }

    /// A tokenizer with a Metaspace step adds no space to a text that begins with one, nor behind a special token. GGUF
    /// has no word for that, and llama.cpp's converter writes what we write.
    @Test(arguments: [("llama2", false), ("mistral", true)])
    func sentencePieceTokenizers(style: String, addsSpaceOnce: Bool) throws {
        let fixture = try Fixture(style)
        let metadata = try metadata(style)
        #expect(metadata.model == "llama" && metadata.merges.isEmpty && metadata.addsSpacePrefix == true)
        #expect(metadata.scores.count == metadata.tokens.count)
        let reread = try Tokenizer(.gguf(metadata))
        var count = 0
        for example in fixture.examples {
            let text = String(decoding: example.text, as: UTF8.self)
            let isAmbiguous = text.hasPrefix(" ") || text.hasPrefix("\u{2581}") || text.contains("<")
            guard !text.contains("<0x"), !(addsSpaceOnce && isAmbiguous) else { continue }
            #expect(reread.encode(example.text, addingSpecialTokens: true) == example.ids)
            count += 1
        }
        #expect(count > 100)
    }

    /// Every row of the embedding needs a token.
    @Test func rowsWithoutTokensGetPlaceholders() throws {
        let known = try Fixture("smollm").tokenizer.vocabularySize
        let metadata = try metadata("smollm", rows: known + 3)
        #expect(metadata.tokens.count == known + 3 && metadata.tokenTypes.count == known + 3)
        #expect(metadata.tokens.last == Array("[PAD\(known + 2)]".utf8))
        #expect(metadata.tokenTypes.last == 5)
    }

    @Test(arguments: ["unigram", "unigram-bytes", "prefix"]) func whatGGUFCannotSayIsRefused(style: String) throws {
        let error = #expect(throws: TokenizerError.self) { try metadata(style) }
        #expect(error?.code == .unsupported)
    }

    /// Llama 3's words whose merges are not skipped have another name in llama.cpp; other words that skip them have none.
    @Test(arguments: [("llama3", "dbrx"), ("qwen2", nil)] as [(String, String?)])
    func mergesThatAreSkipped(style: String, name: String?) throws {
        let fixture = try Fixture(style)
        var json = try #require(JSONSerialization.jsonObject(with: Data(fixture.json)) as? [String: Any])
        var model = try #require(json["model"] as? [String: Any])
        model["ignore_merges"] = name == nil
        json["model"] = model
        let tokenizer = try Tokenizer(
            json: Array(JSONSerialization.data(withJSONObject: json)), file: "tokenizer.json")
        func metadata() throws -> GGUFTokenizerMetadata {
            try tokenizer.ggufMetadata(vocabularySize: tokenizer.vocabularySize, endOfTextTokens: [2])
        }
        guard let name else {
            let error = #expect(throws: TokenizerError.self) { try metadata() }
            #expect(error?.code == .unsupported)
            return
        }
        #expect(try metadata().preTokenizer == name)
        let reread = try Tokenizer(.gguf(try metadata()))
        for example in GGUFTests.examples(fixture) {
            #expect(
                reread.encode(example.text, addingSpecialTokens: true)
                    == tokenizer.encode(example.text, addingSpecialTokens: true))
        }
    }

    /// ggml ends strings at it.
    @Test func aZeroByteIsRefused() throws {
        let json = try DefinitionTests.json(model: ["vocab": ["a": 0, "b": 1, "ab": 2, "c\u{0}": 3]])
        let tokenizer = try Tokenizer(json: json, file: "tokenizer.json")
        let error = #expect(throws: TokenizerError.self) {
            try tokenizer.ggufMetadata(vocabularySize: 4, endOfTextTokens: [])
        }
        #expect(error?.code == .unsupported && error?.message.contains("zero byte") == true)
    }

    @Test func severalEndsOfText() throws {
        let tokenizer = try Fixture("smollm").tokenizer
        let metadata = try tokenizer.ggufMetadata(
            vocabularySize: tokenizer.vocabularySize, endOfTextTokens: [2, 0, 1])
        #expect(metadata.endOfTextToken == 2 && metadata.endOfTurnToken == 0 && metadata.endOfMessageToken == 1)
    }

    private static let model = ProcessInfo.processInfo.environment["SELFPRUNER_TEST_MODEL"]

    /// A real file's metadata, by way of the Hugging Face files that an export makes of it.
    @Test(.enabled(if: model != nil, "SELFPRUNER_TEST_MODEL is not set"))
    func aRealModelComesBack() throws {
        let checkpoint = try openCheckpoint(#require(Self.model))
        guard case .gguf(let original) = checkpoint.tokenizer else { return }
        let folder = FileManager.default.temporaryDirectory.appending(path: "tokenizer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for file in try Tokenizer(checkpoint.tokenizer).exportFiles() {
            try Data(file.bytes).write(to: folder.appending(path: file.name))
        }
        let again = try Tokenizer(.folder(folder.path(percentEncoded: false))).ggufMetadata(
            vocabularySize: checkpoint.description.vocabularySize,
            endOfTextTokens: checkpoint.description.endOfTextTokens)
        #expect(again.model == original.model && again.preTokenizer == original.preTokenizer)
        #expect(again.tokens == original.tokens)
        #expect(again.merges == original.merges)
        #expect(again.tokenTypes == original.tokenTypes)
        #expect(again.beginOfTextToken == original.beginOfTextToken)
        #expect(again.endOfTextToken == original.endOfTextToken)
        #expect(again.chatTemplate == original.chatTemplate)
    }
}

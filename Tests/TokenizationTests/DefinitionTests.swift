import Foundation
import Testing

@testable import Tokenization

struct DefinitionTests {
    /// A tokenizer.json of a byte-level model with the bytes `a`, `b` and `ab`, and one member replaced.
    static func json(_ changes: [String: Any] = [:], model: [String: Any] = [:]) throws -> [UInt8] {
        let base: [String: Any] = ["type": "BPE", "vocab": ["a": 0, "b": 1, "ab": 2], "merges": ["a b"]]
        var json: [String: Any] = [
            "model": base.merging(model) { $1 },
            "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": false, "use_regex": true],
            "decoder": ["type": "ByteLevel"],
        ]
        json.merge(changes) { $1 }
        return Array(try JSONSerialization.data(withJSONObject: json))
    }

    @Test func mergesAreStringsOrPairs() throws {
        for merges: Any in [["a b"], [["a", "b"]]] {
            let tokenizer = try Tokenizer(json: Self.json(model: ["merges": merges]), file: "x")
            #expect(tokenizer.encode("aba", addingSpecialTokens: false) == [2, 0])
        }
    }

    @Test func tokensOfEqualAppearanceStayApart() throws {
        let composed = "\u{e9}"
        let decomposed = "e\u{301}"
        let text =
            "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"\(composed)\":0,\"e\":1,\"\u{301}\":2,\"\(decomposed)\":3},"
            + "\"merges\":[[\"e\",\"\u{301}\"]]}}"
        let tokenizer = try Tokenizer(json: Array(text.utf8), file: "x")
        #expect(tokenizer.vocabularySize == 4)
        #expect(tokenizer.encode(composed + decomposed, addingSpecialTokens: false) == [0, 3])
        #expect(tokenizer.id(ofToken: composed) == 0)
        #expect(tokenizer.id(ofToken: decomposed) == 3)
    }

    @Test func faultsAreNamed() throws {
        let cases: [(TokenizerError.Code, String, [UInt8])] = [
            (.badJSON, "ends too early", Array("".utf8)),
            (.badJSON, "after the end", Array("{} x".utf8)),
            (.badJSON, "surrogate", Array(#"{"a":"\ud800"}"#.utf8)),
            (.badJSON, "control character", Array("{\"a\":\"\n\"}".utf8)),
            (.badJSON, "not UTF-8", Array("{\"a\":\"".utf8) + [0xC0, 0xAF] + Array("\"}".utf8)),
            (.badDefinition, "'model' is missing", Array("{}".utf8)),
            (.badDefinition, "not a JSON object", Array("[]".utf8)),
            (.badDefinition, "'vocab' is not an object", try Self.json(model: ["vocab": []])),
            (.badDefinition, "id of token 'a'", try Self.json(model: ["vocab": ["a": -1]])),
            (.badDefinition, "id of token 'a'", try Self.json(model: ["vocab": ["a": 1e12]])),
            (.badDefinition, "merge 0", try Self.json(model: ["merges": ["a  b"]])),
            (.badDefinition, "not in the vocabulary", try Self.json(model: ["merges": ["b a"]])),
            (.unsupported, "dropout", try Self.json(model: ["dropout": 0.1])),
            (.unsupported, "WordPiece", try Self.json(model: ["type": "WordPiece"])),
            (.unsupported, "end_of_word_suffix", try Self.json(model: ["end_of_word_suffix": "</w>"])),
            (.unsupported, "BertPreTokenizer", try Self.json(["pre_tokenizer": ["type": "BertPreTokenizer"]])),
            (
                .unsupported, #"'\w+'"#,
                try Self.json([
                    "pre_tokenizer": ["type": "Split", "pattern": ["Regex": #"\w+"#], "behavior": "Isolated"]
                ])
            ),
            (
                .badDefinition, "more than 64 steps",
                try Self.json([
                    "pre_tokenizer": [
                        "type": "Sequence",
                        "pretokenizers": Array(repeating: ["type": "Digits", "individual_digits": true], count: 65),
                    ]
                ])
            ),
            (
                .badDefinition, "1024 times as long",
                try Self.json([
                    "normalizer": [
                        "type": "Sequence",
                        "normalizers": Array(
                            repeating: ["type": "Replace", "pattern": ["String": "a"], "content": "aa"], count: 11),
                    ]
                ])
            ),
            (.unsupported, "Precompiled", try Self.json(["normalizer": ["type": "Precompiled"]])),
            (.unsupported, "WordPiece", try Self.json(["decoder": ["type": "WordPiece"]])),
            (
                .badDefinition, "unknown id 7",
                try Self.json(["post_processor": ["type": "RobertaProcessing", "cls": ["a", 7], "sep": ["b", 1]]])
            ),
        ]
        for (code, words, json) in cases {
            let error = #expect(throws: TokenizerError.self) { try Tokenizer(json: json, file: "tokenizer.json") }
            #expect(error?.code == code)
            #expect(error?.message.contains(words) == true, "\(error?.description ?? "")")
            #expect(error?.description.hasPrefix("tokenizer.json") == true)
        }
    }

    @Test func templatesGoAroundTheText() throws {
        let roberta: [String: Any] = ["type": "RobertaProcessing", "cls": ["a", 0], "sep": ["b", 1]]
        let single: [[String: Any]] = [
            ["SpecialToken": ["id": "x", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]],
        ]
        let template: [String: Any] = [
            "type": "TemplateProcessing", "single": single, "pair": [],
            "special_tokens": ["x": ["id": "x", "ids": [2, 2]]],
        ]
        let both: [String: Any] = ["type": "Sequence", "processors": [roberta, ["type": "ByteLevel"], template]]
        let tokenizer = try Tokenizer(json: Self.json(["post_processor": both]), file: "x")
        #expect(tokenizer.encode("ab", addingSpecialTokens: true) == [2, 2, 0, 2, 1])
        #expect(tokenizer.encode("ab", addingSpecialTokens: false) == [2])
        #expect(tokenizer.encode("", addingSpecialTokens: true) == [2, 2, 0, 1])
    }

    @Test func jsonSurvivesWriting() throws {
        for style in Fixture.styles {
            let fixture = try Fixture(style)
            let written = fixture.tokenizer.definition.json().serialised()
            let reread = try Tokenizer(json: written, file: "written")
            for example in fixture.examples {
                #expect(reread.encode(example.text, addingSpecialTokens: true) == example.ids)
                #expect(reread.decode(example.ids, skippingSpecialTokens: true).scalars == example.decoded.scalars)
            }
        }
    }
}

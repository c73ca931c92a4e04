import Testing

@testable import Tokenization

struct DecodingTests {
    @Test func malformedTextIsRepairedByMaximalSubparts() {
        // The standard's own examples (Unicode 15, tables 3-8 to 3-11).
        let cases: [([UInt8], String)] = [
            (
                [0xC0, 0xAF, 0xE0, 0x80, 0xBF, 0xF0, 0x81, 0x82, 0x41],
                "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}A"
            ),
            (
                [0xED, 0xA0, 0x80, 0xED, 0xBF, 0xBF, 0xED, 0xAF, 0x41],
                "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}A"
            ),
            (
                [0xF4, 0x91, 0x92, 0x93, 0xFF, 0x41, 0x80, 0xBF, 0x42],
                "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}A\u{FFFD}\u{FFFD}B"
            ),
            ([0xE1, 0x80, 0xE2, 0xF0, 0x91, 0x92, 0xF1, 0xBF, 0x41], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}A"),
        ]
        for (bytes, text) in cases { #expect(UTF8Repair.repaired(bytes) == Array(text.utf8)) }
    }

    @Test func bytesSplitOverTokensAreHeldBack() throws {
        let tokenizer = try Fixture("gpt2").tokenizer
        let ids = tokenizer.encode("\u{1F600}x", addingSpecialTokens: false)
        #expect(ids.count == 5)
        var decoder = tokenizer.makeStreamingDecoder(skippingSpecialTokens: true)
        #expect(ids.map { decoder.append($0) } == ["", "", "", "\u{1F600}", "x"])
        #expect(decoder.finish() == "")
        for id in ids.prefix(3) { #expect(decoder.append(id) == "") }
        #expect(decoder.finish() == "\u{FFFD}")
        #expect(decoder.append(ids[4]) == "x")
        #expect(decoder.append(ids[0]) == "")
        #expect(decoder.append(ids[4]) == "\u{FFFD}x")
    }

    @Test func sentencePieceStreamsWithoutTheFirstSpace() throws {
        for style in ["llama2", "mistral", "unigram-bytes"] {
            let tokenizer = try Fixture(style).tokenizer
            let ids = tokenizer.encode(" two  spaces \u{1F600}", addingSpecialTokens: true)
            var decoder = tokenizer.makeStreamingDecoder(skippingSpecialTokens: true)
            let pieces = ids.map { decoder.append($0) }
            #expect(pieces.joined() == tokenizer.decode(ids, skippingSpecialTokens: true))
            #expect(pieces.suffix(4) == ["", "", "", "\u{1F600}"])
        }
    }

    @Test(arguments: ["llama2", "mistral", "unigram-bytes"])
    func `a text that goes on behind another one keeps its first space`(_ style: String) throws {
        let tokenizer = try Fixture(style).tokenizer
        let ids = tokenizer.encode("the cat of the house", addingSpecialTokens: true)
        let cut = try #require(
            ids.indices.dropFirst(2).first { tokenizer.spelling(of: ids[$0])?.starts(with: "▁".utf8) == true })
        let (prompt, rest) = (ids[..<cut], ids[cut...])
        var decoder = tokenizer.makeStreamingDecoder(skippingSpecialTokens: true)
        decoder.follow(prompt)
        let behind = rest.map { decoder.append($0) }.joined() + decoder.finish()
        #expect(behind.hasPrefix(" "))
        let all = tokenizer.decode(ids, skippingSpecialTokens: true)
        #expect(tokenizer.decode(prompt, skippingSpecialTokens: true) + behind == all)
        let alone = rest.map { decoder.append($0) }.joined()
        #expect(" " + alone == behind)
    }

    @Test func specialTokensAreSkippedOnRequest() throws {
        let tokenizer = try Fixture("smollm").tokenizer
        let ids = tokenizer.encode("<|im_start|>user", addingSpecialTokens: false, parsingSpecialTokens: true)
        #expect(tokenizer.decode(ids, skippingSpecialTokens: false) == "<|im_start|>user")
        let plain = tokenizer.encode("<|im_end|>", addingSpecialTokens: false, parsingSpecialTokens: false)
        #expect(plain.count > 1)
        #expect(tokenizer.decode(plain, skippingSpecialTokens: true) == "<|im_end|>")
        #expect(tokenizer.decode([2], skippingSpecialTokens: true) == "")
    }

    @Test func unknownIDsStandForNothing() throws {
        let tokenizer = try Fixture("gpt2").tokenizer
        #expect(
            tokenizer.decode([-1, .max, .min, Int32(tokenizer.vocabularySize)], skippingSpecialTokens: false) == "")
        #expect(tokenizer.spelling(of: -1) == nil)
    }

    @Test func byteLevelLosesNothing() throws {
        for style in ["gpt2", "llama3", "smollm"] {
            let fixture = try Fixture(style)
            // Tokens that strip their neighbourhood do lose it, and the decoder takes Latin-1 letters of added tokens
            // for bytes, here as in Hugging Face's library.
            let lossy = fixture.tokenizer.addedTokens.filter { token in
                token.stripsLeft || token.stripsRight || token.content.contains { $0 >= 0x80 }
            }.map(\.id)
            for example in fixture.examples where !example.ids.contains(where: lossy.contains) {
                let ids = fixture.tokenizer.encode(example.text, addingSpecialTokens: false)
                let bytes = fixture.tokenizer.decodeBytes(ids, skippingSpecialTokens: false)
                #expect(bytes == UTF8Repair.repaired(example.text))
            }
        }
    }
}

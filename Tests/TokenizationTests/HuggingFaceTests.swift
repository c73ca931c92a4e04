import Testing

@testable import Tokenization

/// Equal to Hugging Face `tokenizers` on hand-picked, real, random and malformed texts.
struct HuggingFaceTests {
    @Test(arguments: Fixture.styles)
    func encodesAlike(style: String) throws {
        let fixture = try Fixture(style)
        #expect(fixture.examples.count > 300)
        for example in fixture.examples {
            let text = String(decoding: example.text, as: UTF8.self).debugDescription
            #expect(fixture.tokenizer.encode(example.text, addingSpecialTokens: true) == example.ids, "\(text)")
            let plain = fixture.tokenizer.encode(example.text, addingSpecialTokens: true, parsingSpecialTokens: false)
            #expect(plain == example.plainIDs, "\(text)")
        }
    }

    @Test(arguments: Fixture.styles)
    func decodesAlike(style: String) throws {
        let fixture = try Fixture(style)
        for example in fixture.examples {
            let text = fixture.tokenizer.decode(example.ids, skippingSpecialTokens: true)
            #expect(text.scalars == example.decoded.scalars, "\(example.decoded.debugDescription)")
        }
    }

    @Test(arguments: Fixture.styles)
    func streamsWhatItDecodes(style: String) throws {
        let fixture = try Fixture(style)
        for example in fixture.examples {
            var decoder = fixture.tokenizer.makeStreamingDecoder(skippingSpecialTokens: true)
            var text = example.ids.map { decoder.append($0) }.joined()
            text += decoder.finish()
            let bytes = fixture.tokenizer.decodeBytes(example.ids, skippingSpecialTokens: true)
            #expect(Array(text.utf8) == UTF8Repair.repaired(bytes), "\(example.decoded.debugDescription)")
            // The replacements of malformed runs of byte tokens are the one difference.
            if style == "unigram-bytes", example.decoded.unicodeScalars.contains("\u{FFFD}") { continue }
            #expect(text.scalars == example.decoded.scalars, "\(example.decoded.debugDescription)")
        }
    }
}

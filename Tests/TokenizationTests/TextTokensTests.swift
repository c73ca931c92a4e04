import Testing

@testable import Tokenization

struct TextTokensTests {
    @Test(arguments: Fixture.styles)
    func `tokens of texts are their own text's`(_ style: String) throws {
        let fixture = try Fixture(style)
        let tokens = fixture.tokenizer.textTokens
        #expect(tokens == tokens.sorted() && Set(tokens).count == tokens.count)
        #expect(Set(tokens).isDisjoint(with: fixture.tokenizer.addedTokens.map(\.id)))
        for token in tokens {
            let text = fixture.tokenizer.decode([token], skippingSpecialTokens: false)
            #expect(!text.isEmpty && !text.contains("\u{FFFD}"))
            #expect(fixture.tokenizer.encode(text, addingSpecialTokens: false) == [token])
        }
    }

    /// Most words of a text are such tokens; without any the calibration would have no lists.
    @Test(arguments: ["gpt2", "llama3", "qwen2", "smollm", "llama2", "mistral"])
    func `a word and a letter are among them`(_ style: String) throws {
        let tokenizer = try Fixture(style).tokenizer
        let tokens = Set(tokenizer.textTokens)
        let ids = tokenizer.encode("the a", addingSpecialTokens: false)
        #expect(ids.contains(where: tokens.contains))
        #expect(tokens.count > 100)
    }
}

import Foundation
import TestSupport
import Testing
import Tokenization

@testable import Proposers

struct FragmentEncoderTests {
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("TokenizationTests/Fixtures")

    /// A small tokenizer of a family, made for the tests of `Tokenization`.
    private func tokenizer(_ family: String) throws -> Tokenizer {
        let folder = try TemporaryFolder()
        let source = Self.fixtures.appendingPathComponent("\(family).tokenizer.json")
        try folder.write("tokenizer.json", Data(contentsOf: source))
        return try Tokenizer(.folder(folder("")))
    }

    private static let families = [
        "gpt2", "llama3", "qwen2", "smollm", "prefix", "llama2", "mistral", "unigram", "unigram-bytes",
    ]

    /// Behind other text the pieces read as they are, with no space in front, whatever the tokenizer does to a text.
    @Test(arguments: families)
    func piecesKeepTheirBytes(_ family: String) throws {
        let tokenizer = try tokenizer(family)
        let vocabulary = TokenVocabulary(tokenizer, size: tokenizer.vocabularySize)
        let encoder = FragmentEncoder(tokenizer, vocabulary)
        for text in ["Aa", " Aa=12", "12 Ab=", "=", " ", "\n", " the sum", "\nAa 3", "a a  a"] {
            // Without tokens for bytes some texts cannot be written at all.
            guard let tokens = try? encoder.encode(Array(text.utf8)) else {
                #expect(family == "unigram" || family == "prefix", "\(text)")
                continue
            }
            #expect(tokens.flatMap { vocabulary.spellings[Int($0)] } == Array(text.utf8), "\(text)")
        }
    }

    @Test(arguments: families)
    func specialTokensWriteNothing(_ family: String) throws {
        let tokenizer = try tokenizer(family)
        let vocabulary = TokenVocabulary(tokenizer, size: tokenizer.vocabularySize)
        #expect(vocabulary.spellings.count == tokenizer.vocabularySize)
        for token in tokenizer.specialTokens { #expect(vocabulary.spellings[Int(token.id)].isEmpty) }
        #expect(vocabulary.tokens.count > 100)
        #expect(TokenVocabulary(tokenizer, size: 40).spellings.count == 40)
    }

    @Test(arguments: families)
    func labelsAreDistinct(_ family: String) throws {
        let tokenizer = try tokenizer(family)
        for count in [0, 1, 60, 3000] {
            let labels = Labels.choose(count, tokenizer)
            #expect(labels.count == count)
            #expect(Set(labels).count == count)
            #expect(labels == Labels.choose(count, tokenizer))
            #expect(labels.allSatisfy { $0.count >= 2 && $0.allSatisfy(\.isLetter) })
        }
    }

    @Test func labelsAreSingleTokensAsFarAsTheyGo() throws {
        let tokenizer = try tokenizer("gpt2")
        let labels = Labels.choose(2000, tokenizer)
        let counts = labels.map { tokenizer.encode("a \($0)", addingSpecialTokens: false).count - 1 }
        let single = counts.prefix { $0 == 1 }.count
        #expect(single > 10)
        #expect(counts[single...].allSatisfy { $0 > 1 })
    }
}

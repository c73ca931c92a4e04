import Testing

@testable import Tokenization

/// Long words take another path than short ones; both must find the same merges.
struct MergingTests {
    @Test func longWordsMergeLikeTheDefinition() throws {
        let tokenizer = try Fixture("gpt2").tokenizer
        guard case .bytePair(let model) = tokenizer.model else { throw GGUFTests.TestFailure() }
        var generator = FuzzTests.Generator(state: 3)
        for length in [2, 63, 64, 65, 66, 200, 1000] {
            let word = (0..<length).map { _ in Array("etainosr".utf8).randomElement(using: &generator) ?? 0 }
            var ids: [Int32] = []
            model.encode(word, 0, word.count, into: &ids)
            #expect(ids == slowly(word, model))
        }
    }

    /// The definition itself: again and again the leftmost pair of lowest rank.
    private func slowly(_ word: [UInt8], _ model: BytePairModel) -> [Int32] {
        var symbols = word.map { byte in
            let index = model.vocabulary.find(ByteAlphabet.encoded[Int(byte)])
            return model.ids[index]
        }
        while true {
            let pairs = symbols.indices.dropLast().compactMap { index in
                model.merges[symbols[index], symbols[index + 1]].map { (rank: $0.first, index: index, id: $0.second) }
            }
            guard let best = pairs.min(by: { ($0.rank, $0.index) < ($1.rank, $1.index) }) else { return symbols }
            symbols.replaceSubrange(best.index...best.index + 1, with: [best.id])
        }
    }

    /// A megabyte without a place to cut it is no trap.
    @Test(.timeLimit(.minutes(5)), arguments: ["gpt2", "llama3", "llama2", "mistral", "unigram", "unigram-bytes"])
    func aMegabyteOfOneWord(style: String) throws {
        let tokenizer = try Fixture(style).tokenizer
        for unit in ["a", " ", "ab\u{e9}", "\n", "'", "\u{2581}", "<|im_start|"] {
            let text = [UInt8](repeatElement(Array(unit.utf8), count: 200_000).joined())
            #expect(!tokenizer.encode(text, addingSpecialTokens: false).isEmpty)
        }
    }
}

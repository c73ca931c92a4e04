import Tokenization

/// Encodes pieces of a text that lie behind other text: without the space that some tokenizers put in front of a whole
/// text, and without the tokens they put around it.
struct FragmentEncoder {
    private let tokenizer: Tokenizer
    private let vocabulary: TokenVocabulary
    /// What is put in front to encode a piece as one from the middle: the first whose end no token reaches over.
    private let anchors: [(bytes: [UInt8], tokens: [Int32], written: [UInt8])]

    init(_ tokenizer: Tokenizer, _ vocabulary: TokenVocabulary) {
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary
        anchors = ["\n", "a", "."].map { anchor in
            let tokens = tokenizer.encode(anchor, addingSpecialTokens: false)
            return (Array(anchor.utf8), tokens, tokenizer.decodeBytes(tokens, skippingSpecialTokens: false))
        }
    }

    /// - Throws: `ProposerError.vocabularyTooSmall`: no tokens write exactly `text`.
    func encode(_ text: [UInt8]) throws(ProposerError) -> [Int32] {
        if text.isEmpty { return [] }
        for anchor in anchors {
            let tokens = tokenizer.encode(anchor.bytes + text, addingSpecialTokens: false)
            guard tokens.starts(with: anchor.tokens),
                tokenizer.decodeBytes(tokens, skippingSpecialTokens: false) == anchor.written + text
            else { continue }
            return Array(tokens[anchor.tokens.count...])
        }
        if let tokens = vocabulary.fewestTokens(text) { return tokens }
        throw ProposerError(
            .vocabularyTooSmall, "No tokens of the vocabulary write \"\(String(decoding: text, as: UTF8.self))\"")
    }
}

extension TokenVocabulary {
    /// The fewest tokens that write `text`; of equally many, the longest first. `nil` when none do.
    func fewestTokens(_ text: [UInt8]) -> [Int32]? {
        // Per position: tokens from there to the end, and the first of them.
        var best = [(count: Int, token: Int32)?](repeating: nil, count: text.count + 1)
        best[text.count] = (0, -1)
        for start in text.indices.reversed() {
            var node = 0
            for position in start..<text.count {
                guard let child = children[node].first(where: { bytes[Int($0)] == text[position] }) else { break }
                node = Int(child)
                guard let end = ends[node].first, let rest = best[position + 1] else { continue }
                if rest.count + 1 <= best[start]?.count ?? .max { best[start] = (rest.count + 1, tokens[Int(end)]) }
            }
        }
        var (result, position): ([Int32], Int) = ([], 0)
        while position < text.count {
            guard let token = best[position]?.token else { return nil }
            result.append(token)
            position += spellings[Int(token)].count
        }
        return result
    }
}

import Tokenization

/// The bytes that each token writes, as a trie: a node for every prefix of a spelling.
package struct TokenVocabulary: Sendable {
    /// By id; empty for tokens that write nothing or must not be written.
    package let spellings: [[UInt8]]
    /// Per node: the byte that leads to it, its children (neighbours in these arrays, bytes ascending) and the tokens
    /// that end in it (in `tokens`, ids ascending). Node 0 is the empty prefix.
    let bytes: [UInt8]
    let children: [Range<Int32>]
    let ends: [Range<Int32>]
    let tokens: [Int32]

    package init(spellings: [[UInt8]]) {
        self.spellings = spellings
        let order = spellings.indices.filter { !spellings[$0].isEmpty }.sorted {
            let (a, b) = (spellings[$0], spellings[$1])
            return a == b ? $0 < $1 : a.lexicographicallyPrecedes(b)
        }
        tokens = order.map(Int32.init)
        var (bytes, children, ends): ([UInt8], [Range<Int32>], [Range<Int32>]) = ([0], [], [])
        // Nodes in breadth-first order: per node the tokens below it and its depth.
        var below = [(range: 0..<order.count, depth: 0)]
        var node = 0
        while node < below.count {
            let (range, depth) = below[node]
            var index = range.lowerBound
            while index < range.upperBound, spellings[order[index]].count == depth { index += 1 }
            ends.append(Int32(range.lowerBound)..<Int32(index))
            let firstChild = below.count
            while index < range.upperBound {
                let byte = spellings[order[index]][depth]
                let start = index
                while index < range.upperBound, spellings[order[index]][depth] == byte { index += 1 }
                below.append((start..<index, depth + 1))
                bytes.append(byte)
            }
            children.append(Int32(firstChild)..<Int32(below.count))
            node += 1
        }
        (self.bytes, self.children, self.ends) = (bytes, children, ends)
    }

    /// What each token of a tokenizer writes behind other text. Special tokens write nothing.
    /// - Parameter size: ids that the model knows.
    package init(_ tokenizer: Tokenizer, size: Int) {
        var excluded = Set(tokenizer.specialTokens.map(\.id))
        for token in [
            tokenizer.beginOfTextToken, tokenizer.endOfTextToken, tokenizer.unknownToken, tokenizer.paddingToken,
        ] {
            if let token { excluded.insert(token) }
        }
        // A decoder may strip the start of a text, so that tokens are looked at behind a letter.
        let anchor = (0..<Int32(clamping: tokenizer.vocabularySize)).first {
            !excluded.contains($0) && tokenizer.spelling(of: $0) == [UInt8(ascii: "a")]
        }
        let before = anchor.map { [$0] } ?? []
        let skipped = tokenizer.decodeBytes(before, skippingSpecialTokens: false).count
        self.init(
            spellings: (0..<Int32(clamping: max(0, min(size, tokenizer.vocabularySize)))).map { token in
                if excluded.contains(token) { return [] }
                return Array(tokenizer.decodeBytes(before + [token], skippingSpecialTokens: false).dropFirst(skipped))
            })
    }
}

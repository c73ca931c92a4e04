extension Tokenizer {
    /// Tokens that text can have, in the order of their ids: those that their own text gives again. Special and added
    /// tokens, bytes that are no text by themselves, and pieces that are always merged into others are not among them.
    package var textTokens: [Int32] {
        let added = Set(addedTokens.map(\.id))
        return (0..<Int32(vocabularySize)).filter { id in
            guard !added.contains(id), spelling(of: id) != nil else { return false }
            let text = decodeBytes([id], skippingSpecialTokens: false)
            return !text.isEmpty
                && encode(text, addingSpecialTokens: false, parsingSpecialTokens: false) == [id]
        }
    }
}

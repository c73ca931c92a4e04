extension Tokenizer {
    /// The ids of a text.
    /// - Parameters:
    ///   - addingSpecialTokens: adds what the checkpoint puts around every text, most often a begin-of-text token.
    ///   - parsingSpecialTokens: the spelling of a special token in the text stands for that token; `false` for text
    ///     that is not to be trusted.
    package func encode(
        _ bytes: [UInt8], addingSpecialTokens: Bool, parsingSpecialTokens: Bool = true
    ) -> [Int32] {
        var encoder = TextEncoder(steps: definition.preTokenizer, model: model)
        if !addingSpecialTokens {
            encode(UTF8Repair.repaired(bytes), parsingSpecialTokens, into: &encoder)
            return encoder.ids
        }
        for piece in definition.template {
            switch piece {
            case .tokens(let ids): for id in ids { encoder.append(id) }
            case .text: encode(UTF8Repair.repaired(bytes), parsingSpecialTokens, into: &encoder)
            }
        }
        return encoder.ids
    }

    package func encode(
        _ text: String, addingSpecialTokens: Bool, parsingSpecialTokens: Bool = true
    ) -> [Int32] {
        encode(
            Array(text.utf8), addingSpecialTokens: addingSpecialTokens, parsingSpecialTokens: parsingSpecialTokens)
    }

    private func encode(_ text: [UInt8], _ parsingSpecialTokens: Bool, into encoder: inout TextEncoder) {
        let pieces = rawMatcher.pieces(of: text, 0, text.count, parsingSpecialTokens: parsingSpecialTokens)
        for piece in pieces {
            if let id = piece.id {
                encoder.append(id)
                continue
            }
            var (words, low, high) = (text, piece.low, piece.high)
            if !definition.normalizer.isEmpty {
                words = definition.normalizer.reduce(Array(text[low..<high])) { $1.normalize($0) }
                (low, high) = (0, words.count)
            }
            let start = low
            let parts = normalizedMatcher.pieces(of: words, low, high, parsingSpecialTokens: parsingSpecialTokens)
            for part in parts {
                if let id = part.id {
                    encoder.append(id)
                } else {
                    encoder.encode(words, part.low, part.high, isStart: piece.low == 0 && part.low == start)
                }
            }
        }
    }
}

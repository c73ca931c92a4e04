extension Tokenizer {
    /// A decoder for ids that arrive one by one.
    package func makeStreamingDecoder(skippingSpecialTokens: Bool) -> StreamingDecoder {
        StreamingDecoder(self, skippingSpecialTokens: skippingSpecialTokens)
    }
}

/// Decodes ids one by one; bytes of a scalar that is not complete yet are held back.
///
/// The pieces make up what `Tokenizer.decode` makes of all the ids, with two exceptions that need the end of the text:
/// a decoder's trailing `Strip` is left out, and malformed runs of byte-fallback tokens get one U+FFFD for each maximal
/// ill-formed subpart instead of one for each byte.
package struct StreamingDecoder: Sendable {
    private let tokenizer: Tokenizer
    private let skippingSpecialTokens: Bool
    /// Steps on single tokens, and those after the tokens are fused.
    private var tokenSteps: [TokenizerDefinition.DecoderStep] = []
    private var textSteps: [TokenizerDefinition.DecoderStep] = []
    /// How often each text step may still strip from the start.
    private var strippable: [Int] = []
    private var pending: [UInt8] = []
    private var isFirst = true

    init(_ tokenizer: Tokenizer, skippingSpecialTokens: Bool) {
        self.tokenizer = tokenizer
        self.skippingSpecialTokens = skippingSpecialTokens
        var isFused = false
        for step in tokenizer.definition.decoder ?? [] {
            switch step {
            case .fuse: isFused = true
            case .byteLevel where !isFused:
                tokenSteps.append(step)
                isFused = true
            default: if isFused { textSteps.append(step) } else { tokenSteps.append(step) }
            }
        }
        strippable = textSteps.map { if case .strip(_, let start, _) = $0 { start } else { 0 } }
    }

    /// The text goes on behind these ids: what they spell is not given out, but a space behind them is, which a decoder
    /// strips from the start of a text.
    package mutating func follow(_ ids: some Sequence<Int32>) {
        for id in ids { _ = append(id) }
    }

    /// The text that `id` completes, often empty.
    package mutating func append(_ id: Int32) -> String {
        if skippingSpecialTokens, tokenizer.specialIDs.contains(id) { return "" }
        guard var token = tokenizer.spelling(of: id) else { return "" }
        for step in tokenSteps { token = step.decode(token, isFirst: isFirst) }
        if tokenizer.definition.decoder == nil, !isFirst { pending.append(0x20) }
        isFirst = false
        pending.append(contentsOf: token)
        return take(isFinal: false)
    }

    /// What is left, its incomplete bytes replaced by U+FFFD. The decoder is then as new.
    package mutating func finish() -> String {
        let text = take(isFinal: true)
        self = StreamingDecoder(tokenizer, skippingSpecialTokens: skippingSpecialTokens)
        return text
    }

    private mutating func take(isFinal: Bool) -> String {
        var text: [UInt8] = []
        let end = UTF8Repair.take(from: pending, at: 0, isFinal: isFinal, into: &text)
        pending.removeFirst(end)
        for (index, step) in textSteps.enumerated() {
            guard case .strip(let content, _, _) = step else {
                text = step.decode(text, isFirst: false)
                continue
            }
            while strippable[index] > 0, !text.isEmpty {
                guard text.occurs(content, at: 0) else {
                    strippable[index] = 0
                    break
                }
                text.removeFirst(content.count)
                strippable[index] -= 1
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

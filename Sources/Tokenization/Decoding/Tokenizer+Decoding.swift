extension Tokenizer {
    /// The text of the ids, as Hugging Face's decoder makes it; bytes that are not UTF-8 are replaced by U+FFFD. Ids
    /// that are not in the vocabulary stand for nothing.
    package func decode(_ ids: some Sequence<Int32>, skippingSpecialTokens: Bool) -> String {
        let bytes = join(tokens(ids, skippingSpecialTokens), isRepairing: true)
        return String(decoding: UTF8Repair.repaired(bytes), as: UTF8.self)
    }

    /// The bytes of the ids before anything is replaced: what was encoded, where the tokenizer loses nothing.
    package func decodeBytes(_ ids: some Sequence<Int32>, skippingSpecialTokens: Bool) -> [UInt8] {
        join(tokens(ids, skippingSpecialTokens), isRepairing: false)
    }

    private func tokens(_ ids: some Sequence<Int32>, _ skippingSpecialTokens: Bool) -> [[UInt8]] {
        ids.compactMap { skippingSpecialTokens && specialIDs.contains($0) ? nil : spelling(of: $0) }
    }

    private func join(_ tokens: [[UInt8]], isRepairing: Bool) -> [UInt8] {
        guard let steps = definition.decoder else { return Array(tokens.joined(separator: [0x20])) }
        let decoded = steps.reduce(tokens) { tokens, step in
            switch step {
            case .byteLevel:
                let bytes = Array(tokens.map { ByteAlphabet.decode($0) ?? $0 }.joined())
                return [isRepairing ? UTF8Repair.repaired(bytes) : bytes]
            case .fuse: return [Array(tokens.joined())]
            case .byteFallback: return joiningBytes(tokens, isRepairing: isRepairing)
            default: return tokens.enumerated().map { step.decode($1, isFirst: $0 == 0) }
            }
        }
        return Array(decoded.joined())
    }

    /// Runs of `<0x..>` become one token; a run that is not UTF-8 becomes one U+FFFD for each of its bytes.
    private func joiningBytes(_ tokens: [[UInt8]], isRepairing: Bool) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var run: [UInt8] = []
        func flush() {
            if run.isEmpty { return }
            if isRepairing, !UTF8Repair.isWellFormed(run) {
                result.append(Array(repeatElement(UTF8Repair.replacement, count: run.count).joined()))
            } else {
                result.append(run)
            }
            run = []
        }
        for token in tokens {
            if let byte = ByteFallback.byte(of: token) {
                run.append(byte)
            } else {
                flush()
                result.append(token)
            }
        }
        flush()
        return result
    }
}

extension TokenizerDefinition.DecoderStep {
    /// What the step makes of a single token.
    func decode(_ token: [UInt8], isFirst: Bool) -> [UInt8] {
        switch self {
        case .byteLevel: return ByteAlphabet.decode(token) ?? token
        case .byteFallback: return ByteFallback.byte(of: token).map { [$0] } ?? token
        case .fuse: return token
        case .replace(let pattern, let content): return token.replacing(pattern, with: content)
        case .metaspace(let replacement, let scheme):
            return token.replacing(replacement, with: isFirst && scheme != .never ? [] : [0x20])
        case .strip(let content, let start, let stop):
            var (low, high) = (0, token.count)
            var count = 0
            while count < start, token.occurs(content, at: low) {
                low += content.count
                count += 1
            }
            count = 0
            while count < stop, high - low >= content.count, token.occurs(content, at: high - content.count) {
                high -= content.count
                count += 1
            }
            return Array(token[low..<high])
        }
    }
}

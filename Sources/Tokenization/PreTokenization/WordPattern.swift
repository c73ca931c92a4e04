/// The regular expressions by which known tokenizers cut text into words, as hand-written scanners.
///
/// Each pattern matches at every place of every text, so its matches tile the text; a scanner returns the end of the
/// match that starts at a place. Alternatives are tried in the order of the expression, as a backtracking engine does.
enum WordPattern: String, Sendable, CaseIterable {
    // The expressions are longer than a line may be, and cannot be broken.
    case gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    case llama3 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    case qwen2 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// End of the word that starts at `low` in `text[..<high]`; `low < high`.
    func end(from low: Int, in text: [UInt8], _ high: Int, _ classes: TextClassTable) -> Int {
        let scan = WordScan(text: text, high: high, classes: classes)
        return switch self {
        case .gpt2: scan.gpt2(low)
        case .llama3: scan.llama3(low, longestNumber: 3)
        case .qwen2: scan.llama3(low, longestNumber: 1)
        }
    }
}

private struct WordScan {
    let text: [UInt8]
    let high: Int
    let classes: TextClassTable

    private static let wordClasses: TextClass = [.letter, .number, .space]

    func gpt2(_ low: Int) -> Int {
        let byte = text[low]
        if byte == UInt8(ascii: "'"), let end = contraction(low, ignoringCase: false) { return end }
        let (kind, _) = classes.at(low, in: text)
        // ` ?` of the three middle alternatives.
        if byte == 0x20, low + 1 < high {
            let next = classes.at(low + 1, in: text).kind
            if !next.contains(.space) { return run(of: next.intersection(Self.wordClasses), from: low + 1) }
        }
        if !kind.contains(.space) { return run(of: kind.intersection(Self.wordClasses), from: low) }
        return spaces(low)
    }

    /// Llama 3 and, with numbers of one digit, Qwen 2.
    func llama3(_ low: Int, longestNumber: Int) -> Int {
        let byte = text[low]
        if byte == UInt8(ascii: "'"), let end = contraction(low, ignoringCase: true) { return end }
        let (kind, length) = classes.at(low, in: text)
        if kind.contains(.letter) { return run(of: .letter, from: low) }
        if kind.contains(.number) {
            var end = low + length
            for _ in 1..<max(longestNumber, 1) where end < high {
                let (next, length) = classes.at(end, in: text)
                guard next.contains(.number) else { break }
                end += length
            }
            return end
        }
        let next = low + length < high ? classes.at(low + length, in: text).kind : nil
        let isLineBreak = byte == 0x0A || byte == 0x0D
        if !isLineBreak, let next, next.contains(.letter) { return run(of: .letter, from: low + length) }
        if !kind.contains(.space) { return lineBreaks(from: run(of: [], from: low)) }
        if byte == 0x20, let next, next.isDisjoint(with: Self.wordClasses) {
            return lineBreaks(from: run(of: [], from: low + 1))
        }
        return spaces(low, endingAtLineBreaks: true)
    }

    /// End of the longest run of scalars whose word classes are exactly `kind`.
    private func run(of kind: TextClass, from low: Int) -> Int {
        var end = low
        while end < high {
            let (next, length) = classes.at(end, in: text)
            guard next.intersection(Self.wordClasses) == kind else { break }
            end += length
        }
        return end
    }

    private func lineBreaks(from low: Int) -> Int {
        var end = low
        while end < high, text[end] == 0x0A || text[end] == 0x0D { end += 1 }
        return end
    }

    /// `\s+(?!\S)|\s+`, before it `\s*[\r\n]+` if asked: white space up to its last line break; else all of it at the
    /// end of the text; else all but its last scalar, which the next word takes; else that single scalar.
    private func spaces(_ low: Int, endingAtLineBreaks: Bool = false) -> Int {
        var end = low
        var last = low
        var afterLineBreak: Int?
        while end < high {
            let (next, length) = classes.at(end, in: text)
            guard next.contains(.space) else { break }
            last = end
            if text[end] == 0x0A || text[end] == 0x0D { afterLineBreak = end + 1 }
            end += length
        }
        if endingAtLineBreaks, let afterLineBreak { return afterLineBreak }
        return end == high || last == low ? end : last
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d`. Ignoring case, s also matches U+017F, whose simple case folding it is.
    private func contraction(_ low: Int, ignoringCase: Bool) -> Int? {
        guard low + 1 < high else { return nil }
        let first = folded(text[low + 1], ignoringCase)
        switch first {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return low + 2
        case 0xC5 where ignoringCase && low + 2 < high && text[low + 2] == 0xBF: return low + 3
        default: break
        }
        guard low + 2 < high else { return nil }
        switch (first, folded(text[low + 2], ignoringCase)) {
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return low + 3
        default: return nil
        }
    }

    private func folded(_ byte: UInt8, _ ignoringCase: Bool) -> UInt8 {
        ignoringCase && byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }
}

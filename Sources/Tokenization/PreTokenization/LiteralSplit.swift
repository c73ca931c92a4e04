/// Splits at every occurrence of a string, in one of Hugging Face's five ways.
struct LiteralSplit {
    private let pattern: [UInt8]
    private let behavior: TokenizerDefinition.SplitBehavior
    private let inverted: Bool

    init(_ pattern: [UInt8], _ behavior: TokenizerDefinition.SplitBehavior, _ inverted: Bool) {
        self.pattern = pattern
        self.behavior = behavior
        self.inverted = inverted
    }

    func pieces(of text: [UInt8], _ low: Int, _ high: Int) -> [(low: Int, high: Int)] {
        let parts = parts(of: text, low, high)
        var pieces: [(low: Int, high: Int)] = []
        var previousMatches = false
        switch behavior {
        case .isolated: return parts.map { ($0.low, $0.high) }
        case .removed: return parts.filter { !$0.matches }.map { ($0.low, $0.high) }
        case .contiguous:
            for part in parts {
                if part.matches == previousMatches, !pieces.isEmpty {
                    pieces[pieces.count - 1].high = part.high
                } else {
                    pieces.append((part.low, part.high))
                }
                previousMatches = part.matches
            }
        case .mergedWithPrevious:
            for part in parts {
                if part.matches, !previousMatches, !pieces.isEmpty {
                    pieces[pieces.count - 1].high = part.high
                } else {
                    pieces.append((part.low, part.high))
                }
                previousMatches = part.matches
            }
        case .mergedWithNext:
            for part in parts.reversed() {
                if part.matches, !previousMatches, !pieces.isEmpty {
                    pieces[pieces.count - 1].low = part.low
                } else {
                    pieces.append((part.low, part.high))
                }
                previousMatches = part.matches
            }
            pieces.reverse()
        }
        return pieces
    }

    /// Occurrences and what lies between them, in order.
    private func parts(of text: [UInt8], _ low: Int, _ high: Int) -> [(low: Int, high: Int, matches: Bool)] {
        var parts: [(low: Int, high: Int, matches: Bool)] = []
        var taken = low
        var position = low
        while position + pattern.count <= high {
            guard text[position] == pattern[0], text.occurs(pattern, at: position) else {
                position += 1
                continue
            }
            if taken < position { parts.append((taken, position, inverted)) }
            parts.append((position, position + pattern.count, !inverted))
            position += pattern.count
            taken = position
        }
        if taken < high { parts.append((taken, high, inverted)) }
        return parts
    }
}

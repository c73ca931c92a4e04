/// Finds added tokens in a text: of the tokens that begin at the leftmost place, the longest.
struct AddedTokenMatcher: Sendable {
    /// A piece of the text: a token, or what lies between.
    struct Piece {
        var low: Int
        var high: Int
        var id: Int32?
    }

    private var tokens: [AddedToken] = []
    /// (node, byte) to (child node, index in `tokens` of the token that ends there or -1).
    private var trie = PairTable()
    private var startsToken = [Bool](repeating: false, count: 256)
    private var nodes: Int32 = 1

    /// - Parameter spelling: what to look for where that is not the token's content.
    init(_ tokens: [(token: AddedToken, spelling: [UInt8])]) {
        for (token, spelling) in tokens where !spelling.isEmpty { insert(token, spelling) }
    }

    private mutating func insert(_ token: AddedToken, _ spelling: [UInt8]) {
        startsToken[Int(spelling[0])] = true
        var node: Int32 = 0
        for (offset, byte) in spelling.enumerated() {
            let isLast = offset == spelling.count - 1
            let child = trie[node, Int32(byte)]
            let next = child?.first ?? nodes
            if child == nil { nodes += 1 }
            if isLast, (child?.second ?? -1) < 0 {
                trie.set(node, Int32(byte), to: next, Int32(tokens.count))
                tokens.append(token)
            } else if child == nil {
                trie.set(node, Int32(byte), to: next, -1)
            }
            node = next
        }
    }

    /// The pieces of `text[low..<high]`. What touches its ends does not count as a neighbour.
    func pieces(of text: [UInt8], _ low: Int, _ high: Int, parsingSpecialTokens: Bool) -> [Piece] {
        if tokens.isEmpty { return low < high ? [Piece(low: low, high: high)] : [] }
        var pieces: [Piece] = []
        var taken = low
        var position = low
        while position < high {
            guard startsToken[Int(text[position])], let (token, end) = longest(at: position, in: text, high) else {
                position += 1
                continue
            }
            var (from, to) = (position, end)
            position = end
            if token.isSpecial, !parsingSpecialTokens { continue }
            if token.isSingleWord, wordTouches(from, to, text, low, high) { continue }
            if token.stripsLeft {
                while let length = spaceBefore(from, text, low) { from -= length }
                from = max(from, taken)
            }
            if token.stripsRight {
                while to < high {
                    let (kind, length) = TextClassTable.shared.at(to, in: text)
                    guard kind.contains(.space) else { break }
                    to += length
                }
            }
            if taken < from { pieces.append(Piece(low: taken, high: from)) }
            pieces.append(Piece(low: from, high: to, id: token.id))
            taken = to
        }
        // A token that starts with white space can lie within what the one before it stripped.
        if taken < high { pieces.append(Piece(low: taken, high: high)) }
        return pieces
    }

    private func longest(at start: Int, in text: [UInt8], _ high: Int) -> (AddedToken, end: Int)? {
        var node: Int32 = 0
        var position = start
        var found: (AddedToken, end: Int)?
        while position < high, let child = trie[node, Int32(text[position])] {
            position += 1
            node = child.first
            if child.second >= 0 { found = (tokens[Int(child.second)], position) }
        }
        return found
    }

    private func wordTouches(_ from: Int, _ to: Int, _ text: [UInt8], _ low: Int, _ high: Int) -> Bool {
        if let start = scalarStart(before: from, text, low), isWord(text[start..<from]) { return true }
        guard to < high else { return false }
        return isWord(text[to..<to + TextClassTable.shared.at(to, in: text).length])
    }

    private func scalarStart(before end: Int, _ text: [UInt8], _ low: Int) -> Int? {
        guard end > low else { return nil }
        var start = end - 1
        while start > low, text[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    private func spaceBefore(_ end: Int, _ text: [UInt8], _ low: Int) -> Int? {
        guard let start = scalarStart(before: end, text, low),
            TextClassTable.shared.at(start, in: text).kind.contains(.space)
        else { return nil }
        return end - start
    }

    /// `\w` of Unicode's regular expressions (UTS 18, annex C).
    private func isWord(_ scalar: ArraySlice<UInt8>) -> Bool {
        guard let scalar = String(decoding: scalar, as: UTF8.self).unicodeScalars.first else { return false }
        if scalar.properties.isAlphabetic || scalar.properties.isJoinControl { return true }
        return switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
        default: false
        }
    }
}

/// Byte-pair encoding (Sennrich et al., arXiv 1508.07909): a word's symbols are merged pair by pair, the pair of lowest
/// rank first, the leftmost of equals.
struct BytePairModel: Sendable {
    /// Tokens as the file spells them, numbered; `ids` gives the id of each.
    let vocabulary: ByteStringTable
    let ids: [Int32]
    /// (left id, right id) to (rank, id of the merged token).
    let merges: PairTable
    let ignoresMerges: Bool
    /// Words are bytes, spelt in the byte alphabet in the vocabulary.
    let isByteLevel: Bool
    /// U+2581, when no merge joins anything to a space on its right: texts can then be cut before spaces.
    let separator: [UInt8]?

    private let unknownID: Int32?
    private let fusesUnknown: Bool
    /// Id of each byte's token in byte-level models, -1 where it has none.
    private let byteSymbols: [Int32]
    /// Ids of `<0x00>`…`<0xFF>`, -1 where missing; empty without byte fallback.
    private let fallback: [Int32]

    /// - Throws: `TokenizerError.badDefinition` for a merge of tokens that are not in the vocabulary.
    init(_ definition: TokenizerDefinition.BytePair, isByteLevel: Bool, file: String) throws(TokenizerError) {
        var vocabulary = ByteStringTable(minimumCapacity: definition.vocabulary.count)
        var ids: [Int32] = []
        ids.reserveCapacity(definition.vocabulary.count)
        for (token, id) in definition.vocabulary {
            let index = vocabulary.number(of: token)
            if index == ids.count { ids.append(id) } else { ids[index] = id }
        }
        func id(_ token: [UInt8]) -> Int32? {
            let index = vocabulary.find(token)
            return index < 0 ? nil : ids[index]
        }
        var merges = PairTable(minimumCapacity: definition.merges.count)
        let space: [UInt8] = [0xE2, 0x96, 0x81]
        var joinsSpaces = id(space) == nil || isByteLevel
        for (rank, merge) in definition.merges.enumerated() {
            guard let left = id(merge.left), let right = id(merge.right), let whole = id(merge.left + merge.right)
            else {
                let text = String(decoding: merge.left + [0x20] + merge.right, as: UTF8.self)
                throw TokenizerError(
                    .badDefinition, "merge \(rank), '\(text)', speaks of a token that is not in the vocabulary",
                    file: file)
            }
            merges.set(left, right, to: Int32(rank), whole)
            if merge.right.starts(with: space), !merge.left.suffix(3).elementsEqual(space) { joinsSpaces = true }
        }
        self.vocabulary = vocabulary
        self.ids = ids
        self.merges = merges
        self.isByteLevel = isByteLevel
        separator = joinsSpaces ? nil : space
        ignoresMerges = definition.ignoresMerges
        unknownID = definition.unknownToken.flatMap(id)
        fusesUnknown = definition.fusesUnknown
        byteSymbols = isByteLevel ? ByteAlphabet.encoded.map { id($0) ?? -1 } : []
        fallback = definition.fallsBackToBytes ? ByteFallback.tokens.map { id($0) ?? -1 } : []
    }

    /// Appends the ids of the word `text[low..<high]`.
    func encode(_ text: [UInt8], _ low: Int, _ high: Int, into output: inout [Int32]) {
        if ignoresMerges, let id = wholeWord(text, low, high) {
            output.append(id)
            return
        }
        var symbols: [Int32] = []
        symbols.reserveCapacity(high - low)
        if isByteLevel {
            appendByteSymbols(text, low, high, to: &symbols)
        } else {
            appendSymbols(text, low, high, to: &symbols)
        }
        if symbols.count > 1 { merge(&symbols) }
        output.append(contentsOf: symbols)
    }

    private func wholeWord(_ text: [UInt8], _ low: Int, _ high: Int) -> Int32? {
        let index: Int
        if isByteLevel {
            var spelt: [UInt8] = []
            for position in low..<high { spelt.append(contentsOf: ByteAlphabet.encoded[Int(text[position])]) }
            index = vocabulary.find(spelt)
        } else {
            index = vocabulary.find(text, low, high)
        }
        return index < 0 ? nil : ids[index]
    }

    /// Bytes without a token become the unknown token, or nothing where there is none.
    private func appendByteSymbols(_ text: [UInt8], _ low: Int, _ high: Int, to symbols: inout [Int32]) {
        var position = low
        var followsUnknown = false
        while position < high {
            // An unknown scalar of the alphabet stands for one byte.
            let id = byteSymbols[Int(text[position])]
            position += 1
            if id >= 0 { symbols.append(id) } else { appendUnknown(to: &symbols, followsUnknown) }
            followsUnknown = id < 0
        }
    }

    private func appendUnknown(to symbols: inout [Int32], _ followsUnknown: Bool) {
        if let unknownID, !(fusesUnknown && followsUnknown) { symbols.append(unknownID) }
    }

    private func appendSymbols(_ text: [UInt8], _ low: Int, _ high: Int, to symbols: inout [Int32]) {
        let classes = TextClassTable.shared
        var position = low
        var followsUnknown = false
        while position < high {
            let length = classes.at(position, in: text).length
            let index = vocabulary.find(text, position, position + length)
            if index >= 0 {
                symbols.append(ids[index])
                followsUnknown = false
            } else if !fallback.isEmpty, !text[position..<position + length].contains(where: { fallback[Int($0)] < 0 })
            {
                for byte in text[position..<position + length] { symbols.append(fallback[Int(byte)]) }
                followsUnknown = false
            } else {
                appendUnknown(to: &symbols, followsUnknown)
                followsUnknown = true
            }
            position += length
        }
    }
}

/// The tokens `<0x00>` to `<0xFF>`, which spell what a vocabulary has no token for.
enum ByteFallback {
    static let tokens: [[UInt8]] = (0...255).map { byte in
        let digits = String(byte, radix: 16, uppercase: true)
        return Array("<0x\(digits.count == 1 ? "0" : "")\(digits)>".utf8)
    }

    /// The byte that such a token stands for.
    static func byte(of token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token[5] == UInt8(ascii: ">") else { return nil }
        return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
    }
}

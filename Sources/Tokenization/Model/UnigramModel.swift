/// The unigram language model (Kudo, arXiv 1804.10959): the segmentation of highest probability, by Viterbi's algorithm
/// over a trie of the vocabulary.
struct UnigramModel: Sendable {
    let vocabulary: ByteStringTable
    private let ids: [Int32]
    private let scores: [Double]
    /// (node, byte) to (child node, id of the token that ends there or -1).
    private var trie: PairTable
    private let unknownID: Int32?
    private let unknownScore: Double
    /// Ids of `<0x00>`…`<0xFF>`, -1 where missing; empty without byte fallback.
    private let fallback: [Int32]

    init(_ definition: TokenizerDefinition.Unigram) {
        var vocabulary = ByteStringTable(minimumCapacity: definition.vocabulary.count)
        var ids: [Int32] = []
        for (id, entry) in definition.vocabulary.enumerated() {
            let index = vocabulary.number(of: entry.token)
            if index == ids.count { ids.append(Int32(id)) } else { ids[index] = Int32(id) }
        }
        scores = definition.vocabulary.map(\.score)
        // SentencePiece's penalty: an unknown scalar is worse than any token.
        unknownScore = (scores.min() ?? 0) - 10
        unknownID = definition.unknownID
        fallback =
            definition.fallsBackToBytes
            ? ByteFallback.tokens.map { token in
                let index = vocabulary.find(token)
                return index < 0 ? -1 : ids[index]
            } : []
        self.vocabulary = vocabulary
        self.ids = ids
        trie = PairTable(minimumCapacity: vocabulary.count * 2)
        var nodes: Int32 = 1
        for index in 0..<vocabulary.count {
            var node: Int32 = 0
            let token = vocabulary[index]
            for (offset, byte) in token.enumerated() {
                let end: Int32 = offset == token.count - 1 ? ids[index] : -1
                if let child = trie[node, Int32(byte)] {
                    if end >= 0 { trie.set(node, Int32(byte), to: child.first, end) }
                    node = child.first
                } else {
                    trie.set(node, Int32(byte), to: nodes, end)
                    node = nodes
                    nodes += 1
                }
            }
        }
    }

    /// Appends the ids of `text[low..<high]`, well-formed UTF-8.
    func encode(_ text: [UInt8], _ low: Int, _ high: Int, into output: inout [Int32]) {
        let classes = TextClassTable.shared
        let size = high - low
        var scoreAt = [Double](repeating: 0, count: size + 1)
        var startOf = [Int](repeating: -1, count: size + 1)
        var idAt = [Int32](repeating: -1, count: size + 1)
        func offer(_ end: Int, _ score: Double, _ start: Int, _ id: Int32) {
            guard startOf[end] < 0 || score > scoreAt[end] else { return }
            (scoreAt[end], startOf[end], idAt[end]) = (score, start, id)
        }
        var start = 0
        while start < size {
            let length = classes.at(low + start, in: text).length
            var hasSingle = false
            var node: Int32 = 0
            var position = start
            while position < size, let child = trie[node, Int32(text[low + position])] {
                position += 1
                node = child.first
                if child.second >= 0 {
                    offer(position, scores[Int(child.second)] + scoreAt[start], start, child.second)
                    if position - start == length { hasSingle = true }
                }
            }
            if !hasSingle { offer(start + length, unknownScore + scoreAt[start], start, unknownID ?? -1) }
            start += length
        }
        appendBestPath(text, low, high, startOf, idAt, to: &output)
    }

    /// Walks the path back; neighbouring unknown scalars are one unknown piece.
    private func appendBestPath(
        _ text: [UInt8], _ low: Int, _ high: Int, _ startOf: [Int], _ idAt: [Int32], to output: inout [Int32]
    ) {
        var pieces: [(start: Int, end: Int, isUnknown: Bool)] = []
        var end = high - low
        while end > 0 {
            let start = startOf[end]
            let isUnknown = idAt[end] < 0 || idAt[end] == unknownID
            if isUnknown, let last = pieces.last, last.isUnknown {
                pieces[pieces.count - 1].start = start
            } else {
                pieces.append((start, end, isUnknown))
            }
            end = start
        }
        for piece in pieces.reversed() {
            let (from, to) = (low + piece.start, low + piece.end)
            let index = vocabulary.find(text, from, to)
            if index >= 0 {
                output.append(ids[index])
            } else if !fallback.isEmpty, !text[from..<to].contains(where: { fallback[Int($0)] < 0 }) {
                for byte in text[from..<to] { output.append(fallback[Int(byte)]) }
            } else if let unknownID {
                output.append(unknownID)
            }
        }
    }
}

import Search

/// The level vectors of some candidates as a trie without chains: a node is where candidates part, or a candidate.
struct CandidateTrie {
    /// The levels from the first sublayer to the node; what is run to get there.
    var levels: [Int]
    /// Empty at a leaf. In the order to walk them.
    var children: [CandidateTrie] = []
    /// At a leaf: positions of the equal candidates it stands for, ascending.
    var positions: [Int] = []
    /// Streams that must be held at once so that a walk never runs a sublayer twice. The child that needs most comes
    /// last and takes over the node's own stream, so this grows by one only where two children need equally many: it is
    /// at most log₂ of the leaves (the Strahler number, as in register allocation after Ershov).
    var streams = 0

    var isLeaf: Bool { children.isEmpty }

    /// The walk's order depends on the level vectors only.
    /// - Parameter candidates: not empty, all of one length.
    init(_ candidates: [Candidate]) {
        let sorted = candidates.enumerated().sorted {
            $0.element == $1.element
                ? $0.offset < $1.offset : $0.element.levels.lexicographicallyPrecedes($1.element.levels)
        }
        self.init(sorted[...], depth: 0)
    }

    private typealias Entry = EnumeratedSequence<[Candidate]>.Element

    private init(_ entries: ArraySlice<Entry>, depth: Int) {
        let (first, last) = (entries[entries.startIndex].element.levels, entries[entries.endIndex - 1].element.levels)
        // Sorted: what the first and the last agree on, all agree on.
        let end = (depth..<first.count).first { first[$0] != last[$0] } ?? first.count
        levels = Array(first[..<end])
        guard end < first.count else {
            positions = entries.map(\.offset)
            return
        }
        var start = entries.startIndex
        while start < entries.endIndex {
            let level = entries[start].element.levels[end]
            let stop = entries[start...].firstIndex { $0.element.levels[end] != level } ?? entries.endIndex
            children.append(CandidateTrie(entries[start..<stop], depth: end))
            start = stop
        }
        children = children.enumerated()
            .sorted { ($0.element.streams, $0.offset) < ($1.element.streams, $1.offset) }
            .map(\.element)
        let needs = children.suffix(2).map(\.streams)
        // Embedded tokens are looked up again; nothing is held for them.
        streams = max(needs[1], needs[0] + (end > 0 ? 1 : 0))
    }
}

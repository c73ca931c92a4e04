/// Sequences that run together, their rows one below the other.
package struct TokenBatch: Sendable {
    package var tokens: [Int32]
    /// Row ranges of the sequences; each starts at position 0 unless a cache says otherwise.
    package var sequences: [Range<Int>]

    package init(_ sequences: [[Int32]]) {
        tokens = Array(sequences.joined())
        var start = 0
        self.sequences = sequences.map { sequence in
            defer { start += sequence.count }
            return start..<start + sequence.count
        }
    }
}

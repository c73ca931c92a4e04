/// Sequences that run together, their rows one below the other.
package struct TokenBatch: Sendable {
    package var tokens: [Int32]
    /// Row ranges of the sequences; each starts at position 0 unless a cache or a prefix says otherwise.
    package var sequences: [Range<Int>]
    /// Row ranges of what the sequences continue, where there are branches; empty ranges for other sequences.
    private var prefixes: [Range<Int>] = []
    /// Rows of all branches and of their prefixes.
    private(set) var branchRows = 0
    /// Attention specialises code for the lengths of sequences. Where they are many, it takes the rows behind a sequence
    /// with it, up to the next of few lengths.
    package var hasManyLengths = false

    package init(_ sequences: [[Int32]]) {
        tokens = Array(sequences.joined())
        var start = 0
        self.sequences = sequences.map { sequence in
            defer { start += sequence.count }
            return start..<start + sequence.count
        }
    }

    /// Appends a sequence, or a branch: one that continues the first rows of a sequence that is no branch.
    /// - Parameter prefix: the rows that it continues, from the first of their sequence on.
    /// - Returns: its rows.
    @discardableResult
    package mutating func append(_ sequence: some Collection<Int32>, behind prefix: Range<Int> = 0..<0) -> Range<Int> {
        let rows = tokens.count..<tokens.count + sequence.count
        while prefixes.count < sequences.count { prefixes.append(0..<0) }
        if !prefix.isEmpty {
            let isStem = sequences.indices.contains {
                sequences[$0].lowerBound == prefix.lowerBound && prefix.upperBound <= sequences[$0].upperBound
                    && prefixes[$0].isEmpty
            }
            precondition(isStem, "a branch continues no sequence of the batch")
            branchRows += prefix.count + sequence.count
        }
        tokens += sequence
        sequences.append(rows)
        prefixes.append(prefix)
        return rows
    }

    /// The rows that a sequence continues.
    func prefix(_ sequence: Int) -> Range<Int> {
        sequence < prefixes.count ? prefixes[sequence] : 0..<0
    }
}

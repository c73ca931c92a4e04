/// Finds text that two token streams have in common.
package enum TextOverlap {
    /// Tokens in a row that count as the same text: long enough that only copies reach it. Rows of one token (empty
    /// lines, zeros) are found in any text and count for nothing by themselves.
    package static let runLength = 64

    /// Where the first run of `runLength` tokens of `first` is found in `second`: offsets in both, `nil` when there is
    /// none.
    package static func find(_ first: [Int32], _ second: [Int32]) -> (first: Int, second: Int)? {
        guard first.count >= runLength, second.count >= runLength else { return nil }
        // Every run of 2n − 1 tokens of `first` holds a whole block of n. Blocks of one token are looked for by what
        // stands beside them.
        let block = runLength / 2
        var blocks: [UInt64: [Int]] = [:]
        for start in stride(from: 0, through: first.count - block, by: block)
        where first[start + 1..<start + block].contains(where: { $0 != first[start] }) {
            blocks[hash(first, start, block), default: []].append(start)
        }
        var rolling = hash(second, 0, block)
        let power = (0..<block - 1).reduce(UInt64(1)) { value, _ in value &* multiplier }
        for start in 0...second.count - block {
            if start > 0 {
                rolling &-= value(second[start - 1]) &* power
                rolling = rolling &* multiplier &+ value(second[start + block - 1])
            }
            for candidate in blocks[rolling] ?? [] {
                if let found = extend(first, candidate, second, start, block) { return found }
            }
        }
        return nil
    }

    private static let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15

    private static func value(_ token: Int32) -> UInt64 { UInt64(UInt32(bitPattern: token)) &+ 1 }

    private static func hash(_ tokens: [Int32], _ start: Int, _ count: Int) -> UInt64 {
        (start..<start + count).reduce(0) { $0 &* multiplier &+ value(tokens[$1]) }
    }

    /// The run around a block that both have.
    private static func extend(
        _ first: [Int32], _ a: Int, _ second: [Int32], _ b: Int, _ count: Int
    ) -> (first: Int, second: Int)? {
        guard first[a..<a + count] == second[b..<b + count] else { return nil }
        var before = 0
        while before < min(a, b), first[a - before - 1] == second[b - before - 1] { before += 1 }
        var after = count
        while a + after < first.count, b + after < second.count, first[a + after] == second[b + after] { after += 1 }
        return before + after >= runLength ? (a - before, b - before) : nil
    }
}

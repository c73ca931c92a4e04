extension BytePairModel {
    /// Words up to this length are searched for their best pair again and again, which is faster than a queue.
    private static let longestScanned = 64

    /// Merges until no pair of neighbours is in the table.
    func merge(_ symbols: inout [Int32]) {
        if symbols.count <= Self.longestScanned { mergeScanning(&symbols) } else { mergeQueueing(&symbols) }
    }

    private func mergeScanning(_ symbols: inout [Int32]) {
        // ranks[i] and results[i] are of the pair (i, i + 1).
        var ranks = [Int32](repeating: .max, count: symbols.count)
        var results = [Int32](repeating: 0, count: symbols.count)
        var count = symbols.count
        func look(_ index: Int) {
            ranks[index] = .max
            guard index + 1 < count, let pair = merges[symbols[index], symbols[index + 1]] else { return }
            ranks[index] = pair.first
            results[index] = pair.second
        }
        for index in 0..<(count - 1) { look(index) }
        while true {
            var best = 0
            var rank = Int32.max
            for index in 0..<(count - 1) where ranks[index] < rank {
                rank = ranks[index]
                best = index
            }
            if rank == .max { break }
            symbols[best] = results[best]
            for index in (best + 1)..<(count - 1) {
                symbols[index] = symbols[index + 1]
                ranks[index] = ranks[index + 1]
                results[index] = results[index + 1]
            }
            count -= 1
            look(best)
            if best > 0 { look(best - 1) }
        }
        symbols.removeLast(symbols.count - count)
    }

    private func mergeQueueing(_ symbols: inout [Int32]) {
        let count = symbols.count
        var previous = (0..<count).map { Int32($0 - 1) }
        var next = (1...count).map { Int32($0 == count ? -1 : $0) }
        var isAlive = [Bool](repeating: true, count: count)
        var queue = MergeQueue()
        func offer(_ left: Int32) {
            guard left >= 0 else { return }
            let right = next[Int(left)]
            guard right >= 0, let pair = merges[symbols[Int(left)], symbols[Int(right)]] else { return }
            queue.push(rank: pair.first, position: left)
        }
        for index in 0..<(count - 1) { offer(Int32(index)) }
        while let (rank, left) = queue.pop() {
            guard isAlive[Int(left)] else { continue }
            let right = next[Int(left)]
            // The entry is stale unless the pair that stands here now has the same rank.
            guard right >= 0, let pair = merges[symbols[Int(left)], symbols[Int(right)]], pair.first == rank else {
                continue
            }
            symbols[Int(left)] = pair.second
            isAlive[Int(right)] = false
            let after = next[Int(right)]
            next[Int(left)] = after
            if after >= 0 { previous[Int(after)] = left }
            offer(previous[Int(left)])
            offer(left)
        }
        symbols = (0..<count).filter { isAlive[$0] }.map { symbols[$0] }
    }
}

/// A binary heap of pairs to merge, lowest rank first, then leftmost.
private struct MergeQueue {
    private var heap: [UInt64] = []

    mutating func push(rank: Int32, position: Int32) {
        var child = heap.count
        let entry = UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(UInt32(bitPattern: position))
        heap.append(entry)
        while child > 0 {
            let parent = (child - 1) / 2
            if heap[parent] <= entry { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = entry
    }

    mutating func pop() -> (rank: Int32, position: Int32)? {
        guard let top = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            var parent = 0
            while true {
                var child = parent * 2 + 1
                if child >= heap.count { break }
                if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
                if heap[child] >= last { break }
                heap[parent] = heap[child]
                parent = child
            }
            heap[parent] = last
        }
        return (Int32(truncatingIfNeeded: top >> 32), Int32(truncatingIfNeeded: top))
    }
}

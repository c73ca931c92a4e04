/// The largest logits of rows that arrive in pieces: one binary min-heap per row.
final class TopSelection {
    private let count: Int
    private let logits: AlignedBuffer  // [rows, count], heaps
    private let tokens: UnsafeMutablePointer<Int32>
    private let sizes: UnsafeMutablePointer<Int>
    private let rows: Int

    init(rows: Int, count: Int) {
        self.rows = rows
        self.count = count
        logits = AlignedBuffer(floats: rows * count)
        tokens = .allocate(capacity: max(1, rows * count))
        tokens.initialize(repeating: 0, count: rows * count)
        sizes = .allocate(capacity: max(1, rows))
        sizes.initialize(repeating: 0, count: rows)
    }

    deinit {
        tokens.deallocate()
        sizes.deallocate()
    }

    func add(_ tile: OutputHead.Tile) {
        for row in 0..<tile.rows {
            let source = tile.logits + row * tile.tokens
            let position = tile.firstRow + row
            let heap = logits.floats + position * count
            let ids = tokens + position * count
            var size = sizes[position]
            var index = 0
            while index < tile.tokens {
                // Most vectors have nothing above the smallest kept logit.
                if size == count && index &+ 16 <= tile.tokens && load(source + index).max() <= heap[0] {
                    index &+= 16
                    continue
                }
                let end = min(index &+ 16, tile.tokens)
                while index < end {
                    let logit = source[index]
                    let token = Int32(truncatingIfNeeded: tile.firstToken &+ index)
                    if size < count {
                        heap[size] = logit
                        ids[size] = token
                        siftUp(heap, ids, size)
                        size &+= 1
                    } else if logit > heap[0] {
                        heap[0] = logit
                        ids[0] = token
                        siftDown(heap, ids, size)
                    }
                    index &+= 1
                }
            }
            sizes[position] = size
        }
    }

    func sortedByToken(_ row: Int) -> [(token: Int32, logit: Float)] {
        (0..<sizes[row])
            .map { (token: tokens[row * count + $0], logit: logits.floats[row * count + $0]) }
            .sorted { $0.token < $1.token }
    }

    private func siftUp(_ heap: UnsafeMutablePointer<Float>, _ ids: UnsafeMutablePointer<Int32>, _ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child &- 1) / 2
            if heap[parent] <= heap[child] { return }
            swap(heap, ids, parent, child)
            child = parent
        }
    }

    private func siftDown(_ heap: UnsafeMutablePointer<Float>, _ ids: UnsafeMutablePointer<Int32>, _ size: Int) {
        var parent = 0
        while true {
            var child = 2 &* parent &+ 1
            if child >= size { return }
            if child &+ 1 < size && heap[child &+ 1] < heap[child] { child &+= 1 }
            if heap[parent] <= heap[child] { return }
            swap(heap, ids, parent, child)
            parent = child
        }
    }

    @inline(__always)
    private func swap(_ heap: UnsafeMutablePointer<Float>, _ ids: UnsafeMutablePointer<Int32>, _ a: Int, _ b: Int) {
        (heap[a], heap[b]) = (heap[b], heap[a])
        (ids[a], ids[b]) = (ids[b], ids[a])
    }
}

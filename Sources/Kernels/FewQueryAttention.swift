import CVectors

/// Attention of few queries over many keys, by vectors: oneDNN would rearrange the keys and values for every product.
///
/// All queries and heads of a key/value group read its keys and values once, and all groups in the order of memory.
/// Long caches are split into parts whose results are put together afterwards, so that the threads share even a single
/// sequence; the parts depend on the number of keys alone. One instance owns its scratch memory and serves one caller
/// at a time.
final class FewQueryAttention {
    typealias Operands = CausalAttention.Operands

    /// Keys of one part: their scores stay in the L1 cache.
    private static let partKeys = 128

    private let headSize: Int
    private let slots: [Slot]
    private var partials = AlignedBuffer(byteCount: 0)

    /// Scratch memory of one thread.
    private final class Slot {
        /// Scaled queries, float32 [groups, headSize / 16, rows, 16].
        var queries = AlignedBuffer(byteCount: 0)
        /// float32 [groups, partKeys / 16, rows, 16]
        var scores = AlignedBuffer(byteCount: 0)
        /// 16 keys, float32 [headSize, 16].
        let keys: AlignedBuffer

        init(headSize: Int) { keys = AlignedBuffer(floats: headSize * 16) }
    }

    /// The work on one sequence. A row is a query of a head of a group, row = query · heads of the group + head.
    private struct Sequence {
        var operands: Operands
        var parts: Int
        /// Where its results begin: for each part float32 mixed values [groups, rows, headSize], peaks [groups, rows],
        /// sums [groups, rows].
        var offset: Int

        init(_ operands: Operands, offset: Int) {
            self.operands = operands
            self.offset = offset
            parts = (operands.firstPosition + operands.queries - 1) / FewQueryAttention.partKeys + 1
        }

        var heads: Int { operands.queryHeads / operands.keyValueHeads }
        var rows: Int { operands.queries * heads }
        var allRows: Int { operands.queries * operands.queryHeads }
        var keys: Int { operands.firstPosition + operands.queries }

        /// Whole vectors of keys.
        func range(_ part: Int) -> Range<Int> {
            let blocks = (keys + 15) / 16
            return part * blocks / parts * 16..<min((part + 1) * blocks / parts * 16, keys)
        }
    }

    private struct Task {
        var sequence: Int
        var groups: Range<Int>
        var part: Int
    }

    init(headSize: Int) {
        self.headSize = headSize
        slots = (0..<max(1, Threads.count)).map { _ in Slot(headSize: headSize) }
    }

    /// Whether this is faster than products of blocks, which in bfloat16 do twice the arithmetic in the same time.
    static func suits(_ operands: Operands, headSize: Int, precision: Precision) -> Bool {
        headSize >= 32 && operands.queries <= (precision == .bfloat16 ? 10 : 24)
    }

    func apply<E: Element>(_ operands: [Operands], _: E.Type) {
        guard let groups = operands.first?.keyValueHeads else { return }
        var sequences: [Sequence] = []
        var (size, rows) = (0, 0)
        for operands in operands {
            let sequence = Sequence(operands, offset: size)
            size += sequence.parts * sequence.allRows * (headSize + 2)
            rows = max(rows, sequence.allRows)
            sequences.append(sequence)
        }
        reserve(&partials, size)
        for slot in slots {
            reserve(&slot.queries, (headSize + 15) / 16 * 16 * rows)
            reserve(&slot.scores, Self.partKeys * rows)
        }
        let parts = sequences.reduce(0) { $0 + $1.parts }
        // All groups at once read memory in its order, but a short sequence may have to occupy all threads.
        let share = parts >= 2 * Threads.count ? groups : 1
        var tasks: [Task] = []
        for (index, sequence) in sequences.enumerated() {
            for part in 0..<sequence.parts {
                for first in stride(from: 0, to: groups, by: share) {
                    tasks.append(Task(sequence: index, groups: first..<first + share, part: part))
                }
            }
        }
        Threads.forEach(tasks.count) { slot, number in
            let task = tasks[number]
            let sequence = sequences[task.sequence]
            mix(sequence, task, slots[slot], E.self)
            if sequence.parts == 1 { for group in task.groups { finish(sequence, group, E.self) } }
        }
        let split = sequences.filter { $0.parts > 1 }
        // Too little for the threads to meet again, unless the rows are many.
        Threads.forEachChunk(split.count * groups, grain: max(1, 256 / (rows / groups))) { range in
            for number in range { finish(split[number / groups], number % groups, E.self) }
        }
    }

    private func reserve(_ buffer: inout AlignedBuffer, _ floats: Int) {
        if buffer.byteCount < floats * 4 { buffer = AlignedBuffer(floats: floats) }
    }

    /// One part of the keys for some groups.
    private func mix<E: Element>(_ sequence: Sequence, _ task: Task, _ slot: Slot, _: E.Type) {
        let (operands, rows, range) = (sequence.operands, sequence.rows, sequence.range(task.part))
        let (size, stride, count) = (headSize, operands.keyValueStride, range.count)
        let offset = range.lowerBound * stride + task.groups.lowerBound * size
        let key = operands.key.assumingMemoryBound(to: E.self) + offset
        let value = operands.value.assumingMemoryBound(to: E.self) + offset
        let (queries, scores) = (slot.queries.floats, slot.scores.floats)
        let (queriesSize, scoresSize) = ((size + 15) / 16 * 16 * rows, Self.partKeys * rows)
        let results = partials.floats + sequence.offset + task.part * sequence.allRows * (size + 2)
        let mixed = results + task.groups.lowerBound * rows * size
        let peaks = results + sequence.allRows * size + task.groups.lowerBound * rows
        let sums = peaks + sequence.allRows

        for group in 0..<task.groups.count {
            Self.arrange(sequence, task.groups.lowerBound + group, size, E.self, into: queries + group * queriesSize)
        }
        for first in Swift.stride(from: 0, to: count, by: 16) {
            for group in 0..<task.groups.count {
                if task.groups.count == operands.keyValueHeads {
                    Self.fetch(key + (first + 16) * stride, 16 * stride, group, task.groups.count)
                    Self.fetch(value + first * stride, 16 * stride, group, task.groups.count)
                }
                E.transpose(
                    key + first * stride + group * size, stride: stride, last: min(16, count - first) - 1, width: size,
                    into: slot.keys.floats)
                RowProducts.run(
                    rows: rows, UnsafePointer(slot.keys.floats), stride: 16, count: size,
                    factors: queries + group * queriesSize, into: scores + group * scoresSize + first * rows,
                    outputStride: 16)
            }
        }
        for group in 0..<task.groups.count {
            for row in 0..<rows {
                let visible = operands.firstPosition + row / sequence.heads + 1 - range.lowerBound
                (peaks[group * rows + row], sums[group * rows + row]) = Softmax.exponentiate(
                    blocks: scores + group * scoresSize + row * 16, stride: rows * 16,
                    visible: min(max(visible, 0), count), count: count)
            }
        }
        for group in 0..<task.groups.count {
            for column in Swift.stride(from: 0, to: size, by: 16) {
                // The last vector overlaps the one before where they do not come out even.
                let start = min(column, size - 16)
                RowProducts.run(
                    rows: rows, value + group * size + start, stride: stride, count: count,
                    factors: scores + group * scoresSize, into: mixed + group * rows * size + start,
                    outputStride: size)
            }
        }
    }

    /// Has a share of an array on its way to the L2 cache, in the order of memory: left to itself the hardware would wait
    /// for every row of a square.
    @inline(__always)
    private static func fetch<E: Element>(_ array: UnsafePointer<E>, _ count: Int, _ share: Int, _ shares: Int) {
        let lines = count &* E.precision.byteCount / 64
        for line in share &* lines / shares..<(share &+ 1) &* lines / shares {
            prefetch_line(UnsafeRawPointer(array) + line &* 64)
        }
    }

    /// A group's queries in units of log2, as factors of the products.
    private static func arrange<E: Element>(
        _ sequence: Sequence, _ group: Int, _ headSize: Int, _: E.Type, into queries: UnsafeMutablePointer<Float>
    ) {
        let (operands, rows) = (sequence.operands, sequence.rows)
        let scale = log2e / Float(headSize).squareRoot()
        for row in 0..<rows {
            let (query, head) = row.quotientAndRemainder(dividingBy: sequence.heads)
            let source =
                operands.query.assumingMemoryBound(to: E.self) + query * operands.queryStride
                + (group * sequence.heads + head) * headSize
            var column = 0
            while column + 16 <= headSize {
                store(E.lanes(source + column) * scale, queries + column * rows + row * 16)
                column += 16
            }
            for index in column..<headSize {
                queries[column * rows + row * 16 + index - column] = source[index].float * scale
            }
        }
    }

    /// Puts the parts of a group together.
    private func finish<E: Element>(_ sequence: Sequence, _ group: Int, _: E.Type) {
        let (operands, size) = (sequence.operands, headSize)
        let results = partials.floats + sequence.offset
        let partSize = sequence.allRows * (size + 2)
        for row in 0..<sequence.rows {
            let (query, head) = row.quotientAndRemainder(dividingBy: sequence.heads)
            let output =
                operands.output.assumingMemoryBound(to: E.self) + query * operands.outputStride
                + (group * sequence.heads + head) * size
            let mixed = results + (group * sequence.rows + row) * size
            let peaks = results + sequence.allRows * size + group * sequence.rows + row
            let sums = peaks + sequence.allRows
            var total = sums[0]
            if sequence.parts > 1 {
                var peak = -Float.infinity
                for part in 0..<sequence.parts { peak = max(peak, peaks[part * partSize]) }
                total = 0
                for part in 0..<sequence.parts {
                    let weight = exp2(Lanes(repeating: peaks[part * partSize] - peak))[0]
                    total += weight * sums[part * partSize]
                    for index in 0..<size {
                        let share = weight * mixed[part * partSize + index]
                        mixed[index] = part == 0 ? share : mixed[index] + share
                    }
                }
            }
            E.scale(mixed, by: 1 / total, count: size, into: output)
        }
    }
}

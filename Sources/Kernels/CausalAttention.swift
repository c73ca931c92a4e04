/// Blocked causal self-attention: keys behind a block of queries are never multiplied, and no score outlives its block.
///
/// One instance owns its scratch memory and serves one caller at a time.
package final class CausalAttention {
    /// Query rows of one block: enough for oneDNN's peak rate, few enough that the scores stay in the L2 cache.
    private static let blockRows = 128
    private static let fewRows = 12

    private let headSize: Int
    private let precision: Precision
    private let slots: [Slot]

    /// Scratch memory of one thread.
    private final class Slot {
        let products = MatmulCache()
        var scores: AlignedBuffer
        let mixed: AlignedBuffer
        let inverseSums: AlignedBuffer

        init(headSize: Int) {
            scores = AlignedBuffer(byteCount: 0)
            mixed = AlignedBuffer(floats: blockRows * headSize)
            inverseSums = AlignedBuffer(floats: blockRows)
        }
    }

    /// One sequence's operands. Row strides in elements.
    package struct Operands {
        /// [queries, heads × headSize] at `queryStride`.
        package var query: UnsafeRawPointer
        package var queryStride: Int
        /// Keys and values of position 0 onward, [keys, keyValueHeads × headSize].
        package var key: UnsafeRawPointer
        package var value: UnsafeRawPointer
        package var keyValueStride: Int
        package var output: UnsafeMutableRawPointer
        package var outputStride: Int
        package var queryHeads: Int
        package var keyValueHeads: Int
        package var queries: Int
        /// Position of the first query; keys 0…firstPosition + i are visible to query i.
        package var firstPosition: Int
        /// Rows that may be read behind `key` and `value`; those past the last visible one must be finite.
        package var readableKeys: Int

        package init(
            query: UnsafeRawPointer, queryStride: Int, key: UnsafeRawPointer, value: UnsafeRawPointer,
            keyValueStride: Int, output: UnsafeMutableRawPointer, outputStride: Int, queryHeads: Int,
            keyValueHeads: Int, queries: Int, firstPosition: Int, readableKeys: Int
        ) {
            self.query = query
            self.queryStride = queryStride
            self.key = key
            self.value = value
            self.keyValueStride = keyValueStride
            self.output = output
            self.outputStride = outputStride
            self.queryHeads = queryHeads
            self.keyValueHeads = keyValueHeads
            self.queries = queries
            self.firstPosition = firstPosition
            self.readableKeys = readableKeys
        }
    }

    package init(headSize: Int, precision: Precision) {
        self.headSize = headSize
        self.precision = precision
        slots = (0..<max(1, Threads.count)).map { _ in Slot(headSize: headSize) }
    }

    /// Runs sequences of one sublayer together.
    /// - Throws: `KernelError` when a product cannot be prepared.
    package func apply(_ sequences: [Operands]) throws(KernelError) {
        guard let heads = sequences.first?.queryHeads else { return }
        precondition(sequences.allSatisfy { $0.queryHeads == heads }, "the sequences are not of one sublayer")
        var parts: [(operands: Operands, block: Block)] = []
        for operands in sequences {
            // Longest blocks first, so that the threads finish together.
            for block in Self.plan(operands).reversed() { parts.append((operands, block)) }
        }
        let bytes = parts.reduce(0) { max($0, $1.block.rows * Self.scoreStride($1.block.keys) * 4) }
        // [slot][part]
        var prepared: [[Products]] = []
        for slot in slots {
            if slot.scores.byteCount < bytes { slot.scores = AlignedBuffer(byteCount: bytes) }
            var products: [Products] = []
            for part in parts { products.append(try self.products(part.block, part.operands, slot)) }
            prepared.append(products)
        }
        let tasks = parts.enumerated().flatMap { number, part in
            (0..<(part.operands.queries == 1 ? part.operands.keyValueHeads : heads)).map { (part: number, index: $0) }
        }
        Threads.forEach(tasks.count) { slot, number in
            let task = tasks[number]
            let (part, products) = (parts[task.part], prepared[slot][task.part])
            switch precision {
            case .float32: run(part.block, task.index, part.operands, products, slots[slot], Float.self)
            case .bfloat16: run(part.block, task.index, part.operands, products, slots[slot], UInt16.self)
            }
        }
    }

    package func apply(_ operands: Operands) throws(KernelError) { try apply([operands]) }

    private typealias Products = (scores: Matmul, mix: Matmul)

    /// Some query rows against all keys that any of them sees. Where there is a single query, the rows are heads that
    /// share their keys, counted from the first of their group.
    private struct Block {
        var firstRow: Int
        var rows: Int
        /// Those of the rows that no other block writes.
        var written: Range<Int>
        var keys: Int
    }

    private static func plan(_ operands: Operands) -> [Block] {
        let single = operands.queries == 1
        let count = single ? operands.queryHeads / operands.keyValueHeads : operands.queries
        // oneDNN rearranges the keys and values for every product, and even one row costs it twice what two do, which
        // it multiplies as they lie. So few rows go in pairs, the last of an odd number with the one before.
        let size = count <= fewRows ? 2 : blockRows
        return Swift.stride(from: 0, to: count, by: size).map { first in
            let start = count <= fewRows ? max(0, min(first, count - 2)) : first
            let rows = min(size, count - start)
            let visible = operands.firstPosition + (single ? 1 : start + rows)
            return Block(
                firstRow: start, rows: rows, written: first - start..<rows, keys: roundedKeys(visible, operands))
        }
    }

    /// Few distinct sizes, so that few products are ever prepared.
    private static func roundedKeys(_ keys: Int, _ operands: Operands) -> Int {
        min((keys + blockRows - 1) / blockRows * blockRows, operands.readableKeys)
    }

    /// Not a power of two: rows would share cache sets.
    private static func scoreStride(_ keys: Int) -> Int { (keys + 15) / 16 * 16 + 16 }

    private func products(
        _ block: Block, _ operands: Operands, _ slot: Slot
    ) throws(KernelError) -> Products {
        let stride = Self.scoreStride(block.keys)
        let scores = try slot.products(
            ProductShape(
                m: block.rows, n: block.keys, k: headSize,
                sourceStride: operands.queries == 1 ? headSize : operands.queryStride,
                weightsStride: operands.keyValueStride, destinationStride: stride, source: precision,
                destination: .float32, layout: .transposed, threads: 1))
        let mix = try slot.products(
            ProductShape(
                m: block.rows, n: headSize, k: block.keys, sourceStride: stride * 4 / precision.byteCount,
                weightsStride: operands.keyValueStride, destinationStride: headSize, source: precision,
                destination: .float32, layout: .plain, threads: 1))
        return (scores, mix)
    }

    /// One head's block (or one group's, when there is a single query).
    private func run<E: Element>(
        _ block: Block, _ index: Int, _ operands: Operands, _ products: Products, _ slot: Slot, _: E.Type
    ) {
        let single = operands.queries == 1
        let groupSize = operands.queryHeads / operands.keyValueHeads
        let group = single ? index : index / groupSize
        let size = headSize
        // From one row of the block to the next.
        let (queryStride, outputStride) = single ? (size, size) : (operands.queryStride, operands.outputStride)
        let firstHead = (single ? index * groupSize : index) * size
        let query = operands.query.assumingMemoryBound(to: E.self) + firstHead + block.firstRow * queryStride
        let output = operands.output.assumingMemoryBound(to: E.self) + firstHead + block.firstRow * outputStride
        let key = operands.key.assumingMemoryBound(to: E.self) + group * size
        let value = operands.value.assumingMemoryBound(to: E.self) + group * size
        let scores = slot.scores.floats
        let stride = Self.scoreStride(block.keys)

        products.scores.run(query, key, into: scores)
        let scale = log2e / Float(size).squareRoot()
        for row in 0..<block.rows {
            let visible = operands.firstPosition + (single ? 0 : block.firstRow + row) + 1
            slot.inverseSums.floats[row] = Softmax.exponentiate(
                scores + row * stride, visible: visible, count: block.keys, scale: scale, as: E.self)
        }
        products.mix.run(scores, value, into: slot.mixed.address)
        for row in block.written {
            E.scale(
                slot.mixed.floats + row * size, by: slot.inverseSums.floats[row], count: size,
                into: output + row * outputStride)
        }
    }
}

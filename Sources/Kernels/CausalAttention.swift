/// Blocked causal self-attention: keys behind a block of queries are never multiplied, and no score outlives its block.
///
/// One instance owns its scratch memory and serves one caller at a time.
package final class CausalAttention {
    /// Query rows of one block: enough for oneDNN's peak rate, few enough that the scores stay in the L2 cache.
    private static let blockRows = 128

    private let headSize: Int
    private let precision: Precision
    private let slots: [Slot]
    private let fewQueries: FewQueryAttention

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
        /// Rows that may be read from `query` on: where there are more than `queries`, those behind them make products of
        /// few sizes do. They may hold anything.
        package var readableQueries: Int

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
            readableQueries = queries
        }
    }

    package init(headSize: Int, precision: Precision) {
        self.headSize = headSize
        self.precision = precision
        slots = (0..<max(1, Threads.count)).map { _ in Slot(headSize: headSize) }
        fewQueries = FewQueryAttention(headSize: headSize)
    }

    /// Runs sequences of one sublayer together.
    /// - Throws: `KernelError` when a product cannot be prepared.
    package func apply(_ sequences: [Operands]) throws(KernelError) {
        guard let heads = sequences.first?.queryHeads else { return }
        precondition(sequences.allSatisfy { $0.queryHeads == heads }, "the sequences are not of one sublayer")
        let few = sequences.filter { FewQueryAttention.suits($0, headSize: headSize, precision: precision) }
        switch precision {
        case .float32: fewQueries.apply(few, Float.self)
        case .bfloat16: fewQueries.apply(few, UInt16.self)
        }
        guard few.count < sequences.count else { return }
        try applyBlocks(
            sequences.filter { !FewQueryAttention.suits($0, headSize: headSize, precision: precision) }, heads)
    }

    /// - Parameter heads: of the queries.
    private func applyBlocks(_ sequences: [Operands], _ heads: Int) throws(KernelError) {
        var parts: [(operands: Operands, block: Block)] = []
        for operands in sequences {
            // Longest blocks first, so that the threads finish together.
            for block in Self.plan(operands).reversed() { parts.append((operands, block)) }
        }
        let bytes = parts.reduce(0) { max($0, $1.block.productRows * Self.scoreStride($1.block.keys) * 4) }
        // [slot][part]
        var prepared: [[Products]] = []
        for slot in slots {
            if slot.scores.byteCount < bytes { slot.scores = AlignedBuffer(byteCount: bytes) }
            var products: [Products] = []
            for part in parts { products.append(try self.products(part.block, part.operands, slot)) }
            prepared.append(products)
        }
        let tasks = parts.enumerated().flatMap { number, part in
            (0..<heads).map { (part: number, head: $0) }
        }
        Threads.forEach(tasks.count) { slot, number in
            let task = tasks[number]
            let (part, products) = (parts[task.part], prepared[slot][task.part])
            switch precision {
            case .float32: run(part.block, task.head, part.operands, products, slots[slot], Float.self)
            case .bfloat16: run(part.block, task.head, part.operands, products, slots[slot], UInt16.self)
            }
        }
    }

    package func apply(_ operands: Operands) throws(KernelError) { try apply([operands]) }

    private typealias Products = (scores: Matmul, mix: Matmul)

    /// Some queries of a head against all keys that any of them sees.
    private struct Block {
        var firstRow: Int
        var rows: Int
        var keys: Int
        /// Rows of the products: what is behind `rows` is not looked at.
        var productRows: Int
    }

    private static func plan(_ operands: Operands) -> [Block] {
        Swift.stride(from: 0, to: operands.queries, by: blockRows).map { first in
            let rows = min(blockRows, operands.queries - first)
            return Block(
                firstRow: first, rows: rows, keys: roundedKeys(operands.firstPosition + first + rows, operands),
                productRows: min((rows + 15) / 16 * 16, operands.readableQueries - first))
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
                m: block.productRows, n: block.keys, k: headSize,
                sourceStride: operands.queryStride,
                weightsStride: operands.keyValueStride, destinationStride: stride, source: precision,
                destination: .float32, layout: .transposed, threads: 1))
        let mix = try slot.products(
            ProductShape(
                m: block.productRows, n: headSize, k: block.keys, sourceStride: stride * 4 / precision.byteCount,
                weightsStride: operands.keyValueStride, destinationStride: headSize, source: precision,
                destination: .float32, layout: .plain, threads: 1))
        return (scores, mix)
    }

    /// One head's block.
    private func run<E: Element>(
        _ block: Block, _ head: Int, _ operands: Operands, _ products: Products, _ slot: Slot, _: E.Type
    ) {
        let group = head / (operands.queryHeads / operands.keyValueHeads)
        let size = headSize
        let query =
            operands.query.assumingMemoryBound(to: E.self) + head * size + block.firstRow * operands.queryStride
        let output =
            operands.output.assumingMemoryBound(to: E.self) + head * size + block.firstRow * operands.outputStride
        let key = operands.key.assumingMemoryBound(to: E.self) + group * size
        let value = operands.value.assumingMemoryBound(to: E.self) + group * size
        let scores = slot.scores.floats
        let stride = Self.scoreStride(block.keys)

        products.scores.run(query, key, into: scores)
        let scale = log2e / Float(size).squareRoot()
        for row in 0..<block.rows {
            let visible = operands.firstPosition + block.firstRow + row + 1
            slot.inverseSums.floats[row] = Softmax.exponentiate(
                scores + row * stride, visible: visible, count: block.keys, scale: scale, as: E.self)
        }
        products.mix.run(scores, value, into: slot.mixed.address)
        for row in 0..<block.rows {
            E.scale(
                slot.mixed.floats + row * size, by: slot.inverseSums.floats[row], count: size,
                into: output + row * operands.outputStride)
        }
    }
}

/// The output head, streamed: logits exist for a few rows and one block of the vocabulary at a time and are reduced
/// while they are in the cache. No buffer of all logits exists.
///
/// The weights are shared; an instance's scratch memory serves one caller at a time.
package final class OutputHead {
    /// Vocabulary rows of one block, and hidden rows of one task: together they fill the L2 cache. A multiple of 64 for
    /// oneDNN's blocking and no power of two, since the rows of a tile would share cache sets.
    private static let blockSize = 1088
    private static let chunkRows = 128

    package let weights: Weights
    private let slots: [Slot]

    /// The packed head, [vocabulary, width] in blocks of rows.
    package final class Weights: Sendable {
        package let vocabularySize: Int
        package let width: Int
        package let precision: Precision
        let blocks: [PackedWeights]

        package var byteCount: Int { blocks.reduce(0) { $0 + $1.byteCount } }

        /// - Parameter values: float32 [vocabularySize, width].
        package init(
            _ values: UnsafePointer<Float>, vocabularySize: Int, width: Int, precision: Precision
        ) throws(KernelError) {
            self.vocabularySize = vocabularySize
            self.width = width
            self.precision = precision
            var blocks: [PackedWeights] = []
            for start in stride(from: 0, to: vocabularySize, by: OutputHead.blockSize) {
                blocks.append(
                    try PackedWeights(
                        values + start * width, outputs: min(OutputHead.blockSize, vocabularySize - start),
                        inputs: width, precision: precision, threads: 1))
            }
            self.blocks = blocks
        }
    }

    private final class Slot {
        let products = MatmulCache()
        /// With room for a whole vector behind the last row.
        let logits = AlignedBuffer(floats: chunkRows * blockSize + 16)
    }

    package init(_ weights: Weights) {
        self.weights = weights
        slots = (0..<max(1, Threads.count)).map { _ in Slot() }
    }

    /// A block of logits in the cache of the thread that made it.
    struct Tile {
        /// Hidden rows, from `firstRow` on.
        var firstRow: Int
        var rows: Int
        var firstToken: Int
        var tokens: Int
        /// [rows, tokens]. Dense, since oneDNN's fast path wants it so; 16 floats behind the end may be read.
        var logits: UnsafeMutablePointer<Float>
    }

    /// Hands every tile of logits to `visit`; those of the same rows on one thread, vocabulary ascending.
    /// - Parameter hidden: `weights.precision` [rows, width].
    func stream(_ hidden: UnsafeRawPointer, rows: Int, _ visit: (Tile) -> Void) throws(KernelError) {
        let chunks = (rows + Self.chunkRows - 1) / Self.chunkRows
        let chunkSizes = [Self.chunkRows, rows - (chunks - 1) * Self.chunkRows]
        // [slot][whole chunk, last chunk]
        var prepared: [[Products]] = []
        for slot in slots {
            var products: [Products] = []
            for size in chunkSizes {
                let count = min(size, rows)
                products.append(
                    Products(
                        whole: try product(weights.blocks[0], rows: count, slot),
                        last: try product(weights.blocks[weights.blocks.count - 1], rows: count, slot)))
            }
            prepared.append(products)
        }
        Threads.forEach(chunks) { index, chunk in
            let slot = slots[index]
            let firstRow = chunk * Self.chunkRows
            let count = min(Self.chunkRows, rows - firstRow)
            let products = prepared[index][chunk == chunks - 1 ? 1 : 0]
            let source = hidden + firstRow * weights.width * weights.precision.byteCount
            for (number, block) in weights.blocks.enumerated() {
                let product = number == weights.blocks.count - 1 ? products.last : products.whole
                product.run(source, block.memory.address, into: slot.logits.address)
                visit(
                    Tile(
                        firstRow: firstRow, rows: count, firstToken: number * Self.blockSize, tokens: block.outputs,
                        logits: slot.logits.floats))
            }
        }
    }

    /// For the blocks of whole size, and for the last one.
    private struct Products {
        var whole: Matmul
        var last: Matmul
    }

    private func product(_ block: PackedWeights, rows: Int, _ slot: Slot) throws(KernelError) -> Matmul {
        try slot.products(
            ProductShape(
                m: rows, n: block.outputs, k: weights.width, sourceStride: weights.width,
                destinationStride: block.outputs, source: weights.precision, destination: .float32, threads: 1),
            weights: block)
    }

    /// All logits, float32 [rows, vocabulary]: for sampling and for tests.
    package func logits(
        _ hidden: UnsafeRawPointer, rows: Int, into output: UnsafeMutablePointer<Float>
    ) throws(KernelError) {
        if rows <= Self.chunkRows { return try fewRows(hidden, rows, into: output) }
        let vocabularySize = weights.vocabularySize
        try stream(hidden, rows: rows) { tile in
            for row in 0..<tile.rows {
                (output + (tile.firstRow + row) * vocabularySize + tile.firstToken)
                    .update(from: tile.logits + row * tile.tokens, count: tile.tokens)
            }
        }
    }

    /// One chunk of rows: the threads share the vocabulary instead of the rows.
    private func fewRows(
        _ hidden: UnsafeRawPointer, _ rows: Int, into output: UnsafeMutablePointer<Float>
    ) throws(KernelError) {
        var prepared: [Products] = []
        for slot in slots {
            prepared.append(
                Products(
                    whole: try product(weights.blocks[0], rows: rows, slot),
                    last: try product(weights.blocks[weights.blocks.count - 1], rows: rows, slot)))
        }
        Threads.forEach(weights.blocks.count) { slot, number in
            let block = weights.blocks[number]
            let product = number == weights.blocks.count - 1 ? prepared[slot].last : prepared[slot].whole
            let target = output + number * Self.blockSize
            if rows == 1 { return product.run(hidden, block.memory.address, into: target) }
            let tile = slots[slot].logits.floats
            product.run(hidden, block.memory.address, into: tile)
            for row in 0..<rows {
                (target + row * weights.vocabularySize).update(from: tile + row * block.outputs, count: block.outputs)
            }
        }
    }
}

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
        func shape(_ rows: Int, _ tokens: Int) -> ProductShape {
            ProductShape(
                m: rows, n: tokens, k: weights.width, sourceStride: weights.width, destinationStride: tokens,
                source: weights.precision, destination: .float32, threads: 1)
        }
        let rowCounts = Set([min(Self.chunkRows, rows), rows - (chunks - 1) * Self.chunkRows])
        for slot in slots {
            for count in rowCounts {
                for block in [weights.blocks.first!, weights.blocks.last!] {
                    _ = try slot.products(shape(count, block.outputs), weights: block)
                }
            }
        }
        Threads.forEach(chunks) { index, chunk in
            let slot = slots[index]
            let firstRow = chunk * Self.chunkRows
            let count = min(Self.chunkRows, rows - firstRow)
            let source = hidden + firstRow * weights.width * weights.precision.byteCount
            for (number, block) in weights.blocks.enumerated() {
                guard let product = try? slot.products(shape(count, block.outputs), weights: block) else { return }
                product.run(source, block.memory.address, into: slot.logits.address)
                visit(
                    Tile(
                        firstRow: firstRow, rows: count, firstToken: number * Self.blockSize, tokens: block.outputs,
                        logits: slot.logits.floats))
            }
        }
    }

    /// All logits, float32 [rows, vocabulary]: for sampling and for tests.
    package func logits(
        _ hidden: UnsafeRawPointer, rows: Int, into output: UnsafeMutablePointer<Float>
    ) throws(KernelError) {
        if rows == 1 { return try oneRow(hidden, into: output) }
        let vocabularySize = weights.vocabularySize
        try stream(hidden, rows: rows) { tile in
            for row in 0..<tile.rows {
                (output + (tile.firstRow + row) * vocabularySize + tile.firstToken)
                    .update(from: tile.logits + row * tile.tokens, count: tile.tokens)
            }
        }
    }

    /// One row is bound by memory: the threads share the vocabulary instead of the rows.
    private func oneRow(_ hidden: UnsafeRawPointer, into output: UnsafeMutablePointer<Float>) throws(KernelError) {
        func shape(_ block: PackedWeights) -> ProductShape {
            ProductShape(
                m: 1, n: block.outputs, k: weights.width, sourceStride: weights.width,
                destinationStride: block.outputs, source: weights.precision, destination: .float32, threads: 1)
        }
        for slot in slots {
            for block in [weights.blocks.first!, weights.blocks.last!] {
                _ = try slot.products(shape(block), weights: block)
            }
        }
        Threads.forEach(weights.blocks.count) { slot, number in
            let block = weights.blocks[number]
            guard let product = try? slots[slot].products(shape(block), weights: block) else { return }
            product.run(hidden, block.memory.address, into: output + number * Self.blockSize)
        }
    }
}

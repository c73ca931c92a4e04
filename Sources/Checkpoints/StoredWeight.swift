/// A tensor's place in a file. Its bytes have been checked to lie inside the file and to be as many as shape and
/// element type call for.
struct TensorExtent: Sendable, Equatable {
    var name: String
    var type: ElementType
    /// Row-major, slowest dimension first.
    var shape: [Int]
    /// Of the first byte, from the start of the file.
    var offset: Int
    var byteCount: Int
}

/// In which order a tensor's rows are stored.
package enum RowOrder: Sendable, Equatable {
    case asStated
    /// Rotary pairs next to each other, head by head: stored row `h·d + 2j + p` is row `h·d + p·d/2 + j` of the
    /// half-split order, `d` being the head size. That is how llama.cpp's converter lays out q and k.
    case interleavedPairs(headSize: Int)

    /// The stored row of row `row` of the half-split order.
    package func storedRow(of row: Int) -> Int {
        switch self {
        case .asStated: return row
        case .interleavedPairs(let headSize):
            let within = row % headSize
            let half = headSize / 2
            return row - within + 2 * (within % half) + within / half
        }
    }
}

/// A tensor in a mapped file.
struct StoredWeight: Sendable {
    var file: MappedFile
    var tensor: TensorExtent
    var order = RowOrder.asStated

    /// Elements turned into floats at a time: a multiple of every block size, small enough for the second-level cache.
    private static let chunk = 16384

    /// Writes the whole tensor as floats, rows in the half-split order.
    /// - Throws: `CheckpointError.notFinite` with tensor and byte offset.
    func read(into destination: UnsafeMutableBufferPointer<Float>) throws(CheckpointError) {
        let count = destination.count
        precondition(count == tensor.shape.reduce(1, *), "the destination is not as large as the weight")
        guard order != .asStated else {
            return try read(elements: 0, into: destination)
        }
        let columns = tensor.shape.count > 1 ? tensor.shape[1] : 1
        if columns > 1 {
            for row in 0..<(count / columns) {
                let target = UnsafeMutableBufferPointer(rebasing: destination[row * columns..<(row + 1) * columns])
                try read(elements: order.storedRow(of: row) * columns, into: target)
            }
        } else {
            // Single elements cannot be addressed inside a block.
            let stored = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
            defer { stored.deallocate() }
            try read(elements: 0, into: stored)
            for row in 0..<count { destination[row] = stored[order.storedRow(of: row)] }
        }
    }

    /// Writes the elements from `first` on, in the order they are stored. `first` is the start of a block.
    private func read(elements first: Int, into destination: UnsafeMutableBufferPointer<Float>) throws(CheckpointError)
    {
        let type = tensor.type
        for start in stride(from: 0, to: destination.count, by: Self.chunk) {
            let end = min(start + Self.chunk, destination.count)
            let target = UnsafeMutableBufferPointer(rebasing: destination[start..<end])
            let offset = tensor.offset + (first + start) / type.blockElements * type.blockBytes
            let byteCount = target.count / type.blockElements * type.blockBytes
            guard let source = file.bytes(at: offset, count: byteCount) else {
                throw CheckpointError(.truncated, "ends past the end of the file", file: file.path, tensor: tensor.name)
            }
            withExtendedLifetime(file) { Self.dequantize(source, type, into: target) }
            if let index = UnsafeBufferPointer(target).firstIndexNotFinite {
                let value = target[index]
                throw CheckpointError(
                    .notFinite, "element \(first + start + index) is \(value.isNaN ? "not a number" : "infinite")",
                    file: file.path, tensor: tensor.name,
                    offset: offset + index / type.blockElements * type.blockBytes)
            }
        }
    }

    /// Formats allow tensors at odd addresses; ggml's functions want their blocks aligned.
    private static func dequantize(
        _ source: UnsafeRawBufferPointer, _ type: ElementType, into target: UnsafeMutableBufferPointer<Float>
    ) {
        if UInt(bitPattern: source.baseAddress) % 4 == 0 || type == .float32 {
            return type.dequantize(source, into: target)
        }
        let aligned = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 16)
        defer { aligned.deallocate() }
        aligned.copyMemory(from: source)
        type.dequantize(UnsafeRawBufferPointer(aligned), into: target)
    }
}

extension UnsafeBufferPointer<Float> {
    /// The first infinity or NaN.
    var firstIndexNotFinite: Int? {
        guard let baseAddress else { return nil }
        // x·0 is 0 for a finite x and NaN for any other: one pass without branches, then a search if it found one.
        var first = SIMD16<Float>.zero
        var second = SIMD16<Float>.zero
        let raw = UnsafeRawPointer(baseAddress)
        var index = 0
        while index + 32 <= count {
            first += raw.loadUnaligned(fromByteOffset: index * 4, as: SIMD16<Float>.self) * 0
            second += raw.loadUnaligned(fromByteOffset: index * 4 + 64, as: SIMD16<Float>.self) * 0
            index += 32
        }
        var sum = (first + second).sum()
        while index < count {
            sum += self[index] * 0
            index += 1
        }
        return sum == 0 ? nil : firstIndex { !$0.isFinite }
    }
}

/// Zeroed memory aligned to a cache line, allocated once and reused; its owner decides what lies in it.
package final class AlignedBuffer: @unchecked Sendable {
    package let address: UnsafeMutableRawPointer
    package let byteCount: Int

    package init(byteCount: Int) {
        self.byteCount = byteCount
        address = .allocate(byteCount: max(byteCount, 64), alignment: 64)
        address.initializeMemory(as: UInt8.self, repeating: 0, count: max(byteCount, 64))
    }

    package convenience init(floats: Int) { self.init(byteCount: floats * 4) }

    package convenience init(doubles: Int) { self.init(byteCount: doubles * 8) }

    package convenience init(_ values: [Float]) {
        self.init(floats: values.count)
        values.withUnsafeBytes { address.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    }

    deinit { address.deallocate() }

    package var floats: UnsafeMutablePointer<Float> { address.assumingMemoryBound(to: Float.self) }

    package var doubles: UnsafeMutablePointer<Double> { address.assumingMemoryBound(to: Double.self) }

    /// The first `count` floats.
    package func array(_ count: Int) -> [Float] { Array(UnsafeBufferPointer(start: floats, count: count)) }
}

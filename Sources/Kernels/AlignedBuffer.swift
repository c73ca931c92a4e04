#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Zeroed memory aligned to a cache line, allocated once and reused; its owner decides what lies in it.
///
/// Of a large buffer only what is touched takes memory: a cache can be as long as the context allows.
package final class AlignedBuffer: @unchecked Sendable {
    package let address: UnsafeMutableRawPointer
    package let byteCount: Int
    private let allocation: UnsafeMutableRawPointer

    private static let alignment = 64

    package init(byteCount: Int) {
        self.byteCount = byteCount
        // `calloc` takes large blocks from the system, which are zero without being written.
        guard let allocation = calloc(1, max(byteCount, 64) + Self.alignment) else {
            fatalError("no memory for \(byteCount) bytes")
        }
        self.allocation = allocation
        address = allocation.alignedUp(toMultipleOf: Self.alignment)
    }

    package convenience init(floats: Int) { self.init(byteCount: floats * 4) }

    package convenience init(doubles: Int) { self.init(byteCount: doubles * 8) }

    package convenience init(_ values: [Float]) {
        self.init(floats: values.count)
        values.withUnsafeBytes { address.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    }

    deinit { free(allocation) }

    package var floats: UnsafeMutablePointer<Float> { address.assumingMemoryBound(to: Float.self) }

    package var doubles: UnsafeMutablePointer<Double> { address.assumingMemoryBound(to: Double.self) }

    /// The first `count` floats.
    package func array(_ count: Int) -> [Float] { Array(UnsafeBufferPointer(start: floats, count: count)) }
}

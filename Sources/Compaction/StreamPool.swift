import Kernels

/// Buffers for residual streams, used again: the operating system takes longer to give memory than a stream to be
/// copied, and a walk takes and gives one per sublayer.
final class StreamPool {
    private let limit: Int
    /// Of buffers in use and spare ones together.
    private var byteCount = 0
    private var spare: [Int: [AlignedBuffer]] = [:]

    /// - Parameter limit: bytes. Spare buffers go when a new one would not fit; what is taken is up to the caller.
    init(limit: Int) { self.limit = limit }

    /// A buffer of exactly `size` bytes, whatever is in it.
    func take(_ size: Int) -> AlignedBuffer {
        if let known = spare[size]?.popLast() { return known }
        if size > limit - byteCount {
            byteCount -= spare.reduce(0) { $0 + $1.key * $1.value.count }
            spare = [:]
        }
        byteCount += size
        return AlignedBuffer(byteCount: size)
    }

    func give(_ buffer: AlignedBuffer) { spare[buffer.byteCount, default: []].append(buffer) }
}

import Checkpoints
import Dispatch

/// Encodes tensors on all cores.
enum TensorEncoder {
    /// Values that a thread takes at a time: a multiple of every type's blocks.
    private static let chunk = 1 << 16

    /// - Precondition: the values are whole blocks of the type.
    static func encode(_ values: [Float], as type: ElementType) -> [UInt8] {
        let byteCount = type.byteCount(of: values.count)
        return [UInt8](unsafeUninitializedCapacity: byteCount) { bytes, initialized in
            values.withUnsafeBufferPointer { values in
                guard let address = values.baseAddress, let bytes = bytes.baseAddress else { return }
                // Every task has places of its own.
                nonisolated(unsafe) let (source, target) = (address, UnsafeMutableRawPointer(bytes))
                let count = values.count
                DispatchQueue.concurrentPerform(iterations: (count + chunk - 1) / chunk) { task in
                    let start = task * chunk
                    type.encode(
                        source + start, count: min(chunk, count - start), into: target + type.byteCount(of: start))
                }
            }
            initialized = byteCount
        }
    }
}

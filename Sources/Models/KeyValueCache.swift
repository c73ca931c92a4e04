import Kernels

/// Keys and values of one sequence in every block, kept between steps of generation.
package final class KeyValueCache {
    /// Positions that fit.
    let capacity: Int
    /// Positions filled so far.
    package internal(set) var length = 0
    let keys: [AlignedBuffer]  // per block: `precision` [capacity, G·headSize]
    let values: [AlignedBuffer]

    /// - Parameter capacity: positions; at most `model.maximumPositions` are used.
    package init(_ model: LlamaModel, capacity: Int) {
        self.capacity = capacity
        let size = model.description.headSize * model.precision.byteCount * capacity
        keys = model.attention.map { AlignedBuffer(byteCount: $0.keyValueHeads * size) }
        values = model.attention.map { AlignedBuffer(byteCount: $0.keyValueHeads * size) }
    }

    /// Becomes a fork of `other`: its filled positions, of which the first `known` are already here.
    func fork(_ other: KeyValueCache, known: Int = 0) {
        precondition(known <= other.length && other.length <= capacity, "the fork does not fit")
        for (target, source) in zip(keys + values, other.keys + other.values) {
            // Zero for a sublayer that is gone.
            let size = other.capacity > 0 ? source.byteCount / other.capacity : 0
            (target.address + known * size).copyMemory(
                from: source.address + known * size, byteCount: (other.length - known) * size)
        }
        length = other.length
    }
}

extension LlamaModel {
    /// Bytes of keys and values at one position.
    package var keyValueByteCount: Int {
        attention.reduce(0) { $0 + 2 * $1.keyValueHeads * description.headSize * precision.byteCount }
    }
}

import Kernels

/// Keys and values of one sequence in every block, kept between steps of generation.
package final class KeyValueCache {
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
}

/// A hash table from pairs of non-negative numbers to pairs of non-negative numbers; open addressing.
struct PairTable: Sendable {
    private struct Slot: Sendable {
        var key: UInt64
        var first: Int32
        var second: Int32
    }

    private static let empty = UInt64.max
    private var slots: [Slot]
    private(set) var count = 0

    init(minimumCapacity: Int = 16) {
        var size = 32
        while size < minimumCapacity * 2 { size *= 2 }
        slots = [Slot](repeating: Slot(key: Self.empty, first: 0, second: 0), count: size)
    }

    @inline(__always)
    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    private static func slot(_ key: UInt64, _ mask: Int) -> Int {
        let mixed = key &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> 32 ^ mixed >> 15) & mask
    }

    @inline(__always)
    subscript(left: Int32, right: Int32) -> (first: Int32, second: Int32)? {
        let key = Self.key(left, right)
        let mask = slots.count - 1
        var index = Self.slot(key, mask)
        while true {
            let slot = slots[index]
            if slot.key == key { return (slot.first, slot.second) }
            if slot.key == Self.empty { return nil }
            index = (index + 1) & mask
        }
    }

    /// Replaces what was there.
    mutating func set(_ left: Int32, _ right: Int32, to first: Int32, _ second: Int32) {
        if (count + 1) * 2 > slots.count { grow() }
        if store(Slot(key: Self.key(left, right), first: first, second: second)) { count += 1 }
    }

    private mutating func store(_ slot: Slot) -> Bool {
        let mask = slots.count - 1
        var index = Self.slot(slot.key, mask)
        while slots[index].key != Self.empty, slots[index].key != slot.key { index = (index + 1) & mask }
        let isNew = slots[index].key == Self.empty
        slots[index] = slot
        return isNew
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](repeating: Slot(key: Self.empty, first: 0, second: 0), count: old.count * 2)
        for slot in old where slot.key != Self.empty { _ = store(slot) }
    }
}

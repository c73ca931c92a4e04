/// A set of distinct byte strings, numbered in the order of their insertion: an open-addressing hash table whose keys
/// lie one after another in one array, so that a slice of a text is looked up without being copied.
struct ByteStringTable: Sendable {
    private var slots: [Int32]
    private var hashes: [UInt32] = []
    private var starts: [Int] = [0]
    private var storage: [UInt8] = []

    init(minimumCapacity: Int = 16) {
        var size = 32
        while size < minimumCapacity * 2 { size *= 2 }
        slots = [Int32](repeating: -1, count: size)
    }

    var count: Int { hashes.count }

    subscript(index: Int) -> ArraySlice<UInt8> { storage[starts[index]..<starts[index + 1]] }

    @inline(__always)
    static func hash(_ text: [UInt8], _ low: Int, _ high: Int) -> UInt32 {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in low..<high { state = (state ^ UInt64(text[index])) &* 0x9E37_79B9_7F4A_7C15 }
        return UInt32(truncatingIfNeeded: state >> 32) ^ UInt32(truncatingIfNeeded: state >> 7)
    }

    /// The number of `text[low..<high]`, -1 where it is not in the table.
    @inline(__always)
    func find(_ text: [UInt8], _ low: Int, _ high: Int) -> Int {
        find(text, low, high, hash: Self.hash(text, low, high))
    }

    func find(_ text: [UInt8], _ low: Int, _ high: Int, hash: UInt32) -> Int {
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if hashes[index] == hash, equal(index, text, low, high) { return index }
            slot = (slot + 1) & mask
        }
        return -1
    }

    func find(_ key: [UInt8]) -> Int { find(key, 0, key.count) }

    /// Appends a key that is not in the table.
    mutating func insert(_ text: [UInt8], _ low: Int, _ high: Int, hash: UInt32) {
        if (hashes.count + 1) * 2 > slots.count { grow() }
        place(Int32(hashes.count), hash)
        hashes.append(hash)
        storage.append(contentsOf: text[low..<high])
        starts.append(storage.count)
    }

    /// The number of `key`, inserted if it was not there.
    mutating func number(of key: [UInt8]) -> Int {
        let hash = Self.hash(key, 0, key.count)
        let found = find(key, 0, key.count, hash: hash)
        if found >= 0 { return found }
        insert(key, 0, key.count, hash: hash)
        return count - 1
    }

    private func equal(_ index: Int, _ text: [UInt8], _ low: Int, _ high: Int) -> Bool {
        let start = starts[index]
        guard starts[index + 1] - start == high - low else { return false }
        for offset in 0..<(high - low) where storage[start + offset] != text[low + offset] { return false }
        return true
    }

    private mutating func place(_ index: Int32, _ hash: UInt32) {
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while slots[slot] >= 0 { slot = (slot + 1) & mask }
        slots[slot] = index
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for index in hashes.indices { place(Int32(index), hashes[index]) }
    }
}

/// Python's `random.Random` with an integer for its seed: the Mersenne Twister MT19937 (Matsumoto and Nishimura 1998,
/// doi 10.1145/272991.272995), seeded by `init_by_array`, and what `random.sample` takes. lm-evaluation-harness draws its
/// examples with it.
struct PythonRandom {
    private static let size = 624
    private var state: [UInt32]
    private var next = PythonRandom.size

    init(seed: UInt32) {
        let size = Self.size
        state = [19_650_218]
        for index in 1..<size {
            let last = state[index - 1]
            state.append(1_812_433_253 &* (last ^ (last >> 30)) &+ UInt32(index))
        }
        var index = 1
        for round in 0..<2 * size - 1 {
            let last = state[index - 1]
            let mixed = last ^ (last >> 30)
            if round < size {
                state[index] = (state[index] ^ (mixed &* 1_664_525)) &+ seed
            } else {
                state[index] = (state[index] ^ (mixed &* 1_566_083_941)) &- UInt32(index)
            }
            index += 1
            if index == size {
                state[0] = state[size - 1]
                index = 1
            }
        }
        state[0] = 0x8000_0000
    }

    private mutating func twist() {
        for index in 0..<Self.size {
            let bits = (state[index] & 0x8000_0000) | (state[(index + 1) % Self.size] & 0x7FFF_FFFF)
            state[index] =
                state[(index + 397) % Self.size] ^ (bits >> 1) ^ (bits & 1 == 1 ? 0x9908_B0DF : 0)
        }
        next = 0
    }

    /// 32 random bits (`genrand_uint32`).
    mutating func bits() -> UInt32 {
        if next == Self.size { twist() }
        var value = state[next]
        next += 1
        value ^= value >> 11
        value ^= (value << 7) & 0x9D2C_5680
        value ^= (value << 15) & 0xEFC6_0000
        return value ^ (value >> 18)
    }

    /// One of 0 to `count` − 1 (`_randbelow`); `count` is positive and has no more than 32 bits.
    private mutating func below(_ count: Int) -> Int {
        let width = Int.bitWidth - count.leadingZeroBitCount
        while true {
            let value = Int(bits() >> (32 - width))
            if value < count { return value }
        }
    }

    /// The numbers of `wanted` of `count` elements, each at most once, in the order in which `random.sample` has them.
    mutating func sample(_ wanted: Int, of count: Int) -> [Int] {
        precondition(wanted <= count && count < 1 << 31, "there are too few elements, or too many")
        // Python keeps a list of what is left where that is smaller than a set of what was taken.
        var table = 1
        while table < 3 * wanted { table *= 4 }
        if count <= 21 + (wanted > 5 ? table : 0) {
            var pool = Array(0..<count)
            return (0..<wanted).map { taken in
                let place = below(count - taken)
                defer { pool[place] = pool[count - taken - 1] }
                return pool[place]
            }
        }
        var taken: Set<Int> = []
        return (0..<wanted).map { _ in
            var number = below(count)
            while !taken.insert(number).inserted { number = below(count) }
            return number
        }
    }
}

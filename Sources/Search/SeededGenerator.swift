/// SplitMix64 (Steele, Lea, Flood: *Fast splittable pseudorandom number generators*, OOPSLA 2014): spreads a seed over
/// the state of `SeededGenerator`.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(state: UInt64) { self.state = state }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// xoshiro256** (Blackman, Vigna: *Scrambled linear pseudorandom number generators*, 2021).
///
/// Draws come from `uniform(below:)` and `uniform01()`, not from the standard library's `random(in:using:)`, whose
/// algorithm may change between Swift versions: a seed must mean the same search next year.
package struct SeededGenerator: RandomNumberGenerator, Sendable, Equatable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// An independent stream of `seed`. The search has one for each slot of each operator in a generation, so that a
    /// proposal's randomness does not depend on how much was drawn before it.
    package init(seed: UInt64, stream: UInt64 = 0) {
        var seeds = SplitMix64(state: seed)
        var mixed = SplitMix64(state: seeds.next() ^ stream)
        var states = SplitMix64(state: mixed.next())
        state = (states.next(), states.next(), states.next(), states.next())
    }

    /// The state as published; not all four words may be zero.
    init(state: (UInt64, UInt64, UInt64, UInt64)) { self.state = state }

    package mutating func next() -> UInt64 {
        let result = rotate(state.1 &* 5, by: 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotate(state.3, by: 45)
        return result
    }

    /// An integer in 0..<bound, unbiased (Lemire: *Fast random integer generation in an interval*, 2019).
    package mutating func uniform(below bound: Int) -> Int {
        precondition(bound > 0, "an empty range has no random element")
        let bound = UInt64(bound)
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return Int(product.high)
    }

    /// A number in [0, 1), a multiple of 2⁻⁵³.
    package mutating func uniform01() -> Double { Double(next() >> 11) * 0x1p-53 }

    package static func == (left: Self, right: Self) -> Bool { left.state == right.state }

    private func rotate(_ word: UInt64, by count: UInt64) -> UInt64 { (word << count) | (word >> (64 - count)) }
}

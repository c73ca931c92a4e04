import RealModule

/// Draws tokens from logits, reproducibly.
package struct Sampler: Sendable {
    /// 0 takes the most probable token.
    package var temperature: Double
    private var bits: SplitMix64

    package init(temperature: Double, seed: UInt64) {
        self.temperature = temperature
        bits = SplitMix64(seed: seed)
    }

    /// The drawn token; the lowest one on a tie at temperature 0.
    package mutating func next(_ logits: UnsafeBufferPointer<Float>) -> Int32 {
        var best = 0
        for index in logits.indices where logits[index] > logits[best] { best = index }
        guard temperature > 0 else { return Int32(best) }
        let peak = Double(logits[best])
        func weight(_ index: Int) -> Double { Double.exp((Double(logits[index]) - peak) / temperature) }
        var rest = uniform() * logits.indices.reduce(0.0) { $0 + weight($1) }
        for index in logits.indices {
            rest -= weight(index)
            if rest < 0 { return Int32(index) }
        }
        return Int32(best)
    }

    /// In 0…1.
    private mutating func uniform() -> Double { Double(bits.next() >> 11) * 0x1p-53 }
}

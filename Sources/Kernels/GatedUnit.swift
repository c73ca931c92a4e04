/// The gated unit of LLaMA's MLP, c = silu(z) ∘ u. arXiv 2002.05202.
package enum GatedUnit {
    /// Replaces z and u by the gradients with respect to them:
    /// dz = dc ∘ u ∘ σ(z)·(1 + z·(1 − σ(z))), du = dc ∘ z·σ(z).
    /// - Parameters:
    ///   - gradient: dc, float32 [count]
    ///   - gate: z, float32 [count]
    ///   - up: u, float32 [count]
    package static func backward(
        _ gradient: UnsafePointer<Float>, gate: UnsafeMutablePointer<Float>, up: UnsafeMutablePointer<Float>, count: Int
    ) {
        Threads.forEachChunk(count, grain: 4096) { range in
            var index = range.lowerBound
            while index &+ 16 <= range.upperBound {
                let (dz, du) = gradients(load(gradient + index), load(gate + index), load(up + index))
                store(dz, gate + index)
                store(du, up + index)
                index &+= 16
            }
            while index < range.upperBound {
                let (dz, du) = gradients(
                    Lanes(repeating: gradient[index]), Lanes(repeating: gate[index]), Lanes(repeating: up[index]))
                (gate[index], up[index]) = (dz[0], du[0])
                index &+= 1
            }
        }
    }

    @inline(__always)
    private static func gradients(_ dc: Lanes, _ z: Lanes, _ u: Lanes) -> (Lanes, Lanes) {
        let one = Lanes(repeating: 1)
        // Below −85 the sigmoid counts for nothing, and its exponential would overflow.
        let limit = Lanes(repeating: 85)
        var exponent = (-z).replacing(with: limit, where: -z .> limit)
        exponent *= Lanes(repeating: log2e)
        let sigmoid = one / (one + exp2(exponent))
        return (dc * u * sigmoid * (one + z * (one - sigmoid)), dc * z * sigmoid)
    }
}

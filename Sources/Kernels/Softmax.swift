/// The exponentials of one row of scores, in place.
enum Softmax {
    /// Replaces scores 0..<visible by exp(score·scale − max), those up to `count` by zero, stored as `E` from the row's
    /// start on. Written behind the read position, so that no second buffer is needed.
    /// - Parameter scale: in units of log2.
    /// - Returns: one over the sum.
    @inline(__always)
    static func exponentiate<E: Element>(
        _ row: UnsafeMutablePointer<Float>, visible: Int, count: Int, scale: Float, as _: E.Type
    ) -> Float {
        let output = UnsafeMutableRawPointer(row).assumingMemoryBound(to: E.self)
        let whole = visible & ~15
        let tail = visible & 15
        let hidden = tailMask(tail)
        var peak = Lanes(repeating: -.infinity)
        var index = 0
        while index < whole {
            let scores = load(row + index)
            peak = peak.replacing(with: scores, where: scores .> peak)
            index &+= 16
        }
        if tail > 0 {
            let scores = load(row + whole).replacing(with: -.infinity, where: hidden)
            peak = peak.replacing(with: scores, where: scores .> peak)
        }
        let shift = Lanes(repeating: -(peak.max() * scale))
        let scales = Lanes(repeating: scale)
        var total = Lanes(repeating: 0)
        index = 0
        while index < whole {
            let weights = exp2(fma(load(row + index), scales, shift))
            total += weights
            E.set(weights, output + index)
            index &+= 16
        }
        if tail > 0 {
            let weights = exp2(fma(load(row + whole), scales, shift)).replacing(with: 0, where: hidden)
            total += weights
            E.set(weights, output + whole)
            index &+= 16
        }
        while index < count {
            E.set(Lanes(repeating: 0), output + index)
            index &+= 16
        }
        return 1 / sum(total)
    }

    /// Replaces the scores 0..<visible of a row by exp2(score − max), those up to `count` by zero. Every 16 of them lie
    /// together, the next 16 `stride` further on.
    /// - Returns: the greatest score and the sum; −∞ and 0 of none.
    @inline(__always)
    static func exponentiate(
        blocks row: UnsafeMutablePointer<Float>, stride: Int, visible: Int, count: Int
    ) -> (peak: Float, sum: Float) {
        let whole = visible / 16
        let hidden = tailMask(visible & 15)
        var peaks = Lanes(repeating: -.infinity)
        for block in 0..<whole {
            let scores = load(row + block &* stride)
            peaks = peaks.replacing(with: scores, where: scores .> peaks)
        }
        if visible & 15 > 0 {
            let scores = load(row + whole &* stride).replacing(with: -.infinity, where: hidden)
            peaks = peaks.replacing(with: scores, where: scores .> peaks)
        }
        let peak = peaks.max()
        let shift = Lanes(repeating: peak)
        var total = Lanes(repeating: 0)
        for block in 0..<whole {
            let weights = exp2(load(row + block &* stride) - shift)
            total += weights
            store(weights, row + block &* stride)
        }
        var block = whole
        if visible & 15 > 0 {
            let weights = exp2(load(row + block &* stride) - shift).replacing(with: 0, where: hidden)
            total += weights
            store(weights, row + block &* stride)
            block &+= 1
        }
        while block &* 16 < count {
            store(Lanes(repeating: 0), row + block &* stride)
            block &+= 1
        }
        return (peak, sum(total))
    }

    /// Lanes at and past `tail`.
    @inline(__always)
    static func tailMask(_ tail: Int) -> SIMDMask<SIMD16<Int32>> {
        SIMD16<Int32>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) .>= SIMD16(repeating: Int32(tail))
    }
}

import RealModule

/// log Σ exp of rows of logits that arrive in pieces.
struct LogSumExp {
    /// Per row: the largest logit so far and Σ exp(logit − largest).
    private let peaks: AlignedBuffer
    private let sums: AlignedBuffer

    init(rows: Int) {
        peaks = AlignedBuffer([Float](repeating: -.infinity, count: rows))
        sums = AlignedBuffer(floats: rows)
    }

    func value(_ row: Int) -> Float { peaks.floats[row] + Float.log(sums.floats[row]) }

    @inline(__always)
    func add(_ tile: OutputHead.Tile) {
        let tail = tile.tokens & 15
        let hidden = Softmax.tailMask(tail)
        for row in 0..<tile.rows {
            let logits = tile.logits + row * tile.stride
            if tail > 0 {
                // The row has room for a whole last vector (the stride is larger than the block).
                let last = logits + (tile.tokens &- tail)
                store(load(last).replacing(with: -.infinity, where: hidden), last)
            }
            add(logits, count: (tile.tokens + 15) & ~15, row: tile.firstRow + row)
        }
    }

    @inline(__always)
    private func add(_ logits: UnsafePointer<Float>, count: Int, row: Int) {
        var peak = Lanes(repeating: -.infinity)
        var index = 0
        while index < count {
            let x = load(logits + index)
            peak = peak.replacing(with: x, where: x .> peak)
            index &+= 16
        }
        let largest = max(peak.max(), peaks.floats[row])
        if largest == -.infinity { return }
        let scales = Lanes(repeating: log2e)
        let shift = Lanes(repeating: -largest * log2e)
        var total = Lanes(repeating: 0)
        index = 0
        while index < count {
            total += exp2(fma(load(logits + index), scales, shift))
            index &+= 16
        }
        sums.floats[row] = sums.floats[row] * Float.exp(peaks.floats[row] - largest) + sum(total)
        peaks.floats[row] = largest
    }
}

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

    /// The largest logit of a row.
    func peak(_ row: Int) -> Float { peaks.floats[row] }

    @inline(__always)
    func add(_ tile: OutputHead.Tile) {
        for row in 0..<tile.rows { add(tile.logits + row * tile.tokens, count: tile.tokens, row: tile.firstRow + row) }
    }

    @inline(__always)
    private func add(_ logits: UnsafePointer<Float>, count: Int, row: Int) {
        let whole = count & ~15
        let hidden = Softmax.tailMask(count & 15)
        let last = load(logits + whole).replacing(with: -.infinity, where: hidden)
        var peak = last
        var index = 0
        while index < whole {
            let x = load(logits + index)
            peak = peak.replacing(with: x, where: x .> peak)
            index &+= 16
        }
        let largest = max(peak.max(), peaks.floats[row])
        if largest == -.infinity { return }
        let scales = Lanes(repeating: log2e)
        let shift = Lanes(repeating: -largest * log2e)
        var total = exp2(fma(last, scales, shift))
        index = 0
        while index < whole {
            total += exp2(fma(load(logits + index), scales, shift))
            index &+= 16
        }
        sums.floats[row] = sums.floats[row] * Float.exp(peaks.floats[row] - largest) + sum(total)
        peaks.floats[row] = largest
    }
}

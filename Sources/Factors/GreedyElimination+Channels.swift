import Kernels

/// Units of one column: steps of rank one, which alone would be bound by memory.
///
/// So they are gathered in a panel. A step reads one row of H and of G as the last panel left them, brings it up to
/// date by the panel's own steps, and updates both diagonals, which is all that the next choice needs. The full panel
/// goes into the matrices as one symmetric product of its rank each, and what went is dropped from them: F³ operations
/// for all F channels, nearly all in matrix products.
extension GreedyElimination {
    /// The steps that the matrices do not contain yet.
    private struct Panel {
        let limit: Int
        /// Rows of Qᵀ and Tᵀ, [limit, channels left].
        let q: UnsafeMutablePointer<Double>
        let t: UnsafeMutablePointer<Double>
        /// The diagonals of H and G as of now.
        let pivots: UnsafeMutablePointer<Double>
        let squares: UnsafeMutablePointer<Double>
    }

    func channels(panel limit: Int) -> [Int] {
        let limit = max(1, min(limit, order))
        let memory = AlignedBuffer(doubles: 2 * (limit + 1) * order)
        defer { withExtendedLifetime(memory) {} }
        let rows = memory.doubles + 2 * order
        let panel = Panel(
            limit: limit, q: rows, t: rows + limit * order, pivots: memory.doubles, squares: memory.doubles + order)
        var remaining = Array(0..<order)
        var sequence: [Int] = []
        sequence.reserveCapacity(order)
        while !remaining.isEmpty {
            var gone = [Bool](repeating: false, count: remaining.count)
            for channel in eliminate(panel, &gone) { sequence.append(remaining[channel]) }
            let kept = remaining.indices.filter { !gone[$0] }
            compact(kept)
            remaining = kept.map { remaining[$0] }
        }
        return sequence
    }

    /// Fills a panel and applies it to the matrices, of which the first `gone.count` rows and columns are left.
    /// - Returns: the positions that go, in order.
    private func eliminate(_ panel: Panel, _ gone: inout [Bool]) -> [Int] {
        let count = gone.count
        let (h, g) = (matrix.doubles, gram.doubles)
        for channel in 0..<count {
            panel.pivots[channel] = h[channel * order + channel]
            panel.squares[channel] = g[channel * order + channel]
        }
        var importances = [Double](repeating: 0, count: count)
        var sequence: [Int] = []
        var rank = 0
        while sequence.count < min(panel.limit, count) {
            for channel in 0..<count {
                importances[channel] = Self.importance(panel.pivots[channel], panel.squares[channel])
            }
            let channel = next(importances, gone: gone)
            gone[channel] = true
            sequence.append(channel)
            // Of a channel without a pivot nothing can be told; it goes without a trace.
            guard importances[channel].isFinite else { continue }
            step(panel, channel, rank: rank, count: count)
            rank += 1
        }
        if sequence.count < count {
            LinearAlgebra.addGram(panel.q, rows: rank, width: count, scale: -1, into: h, stride: order)
            LinearAlgebra.subtractProducts(panel.q, panel.t, rows: rank, width: count, from: g, stride: order)
        }
        return sequence
    }

    /// Appends the elimination of one channel to the panel.
    ///
    /// On one thread: the rows lie in the cache, and a meeting of threads at every step would cost more than it saves.
    private func step(_ panel: Panel, _ channel: Int, rank: Int, count: Int) {
        let (q, t) = (panel.q + rank * count, panel.t + rank * count)
        copyRow(channel, of: matrix.doubles, count: count, into: q)
        copyRow(channel, of: gram.doubles, count: count, into: t)
        for earlier in 0..<rank {
            let (earlierQ, earlierT) = (panel.q + earlier * count, panel.t + earlier * count)
            let (a, b) = (earlierQ[channel], earlierT[channel])
            for index in 0..<count {
                q[index] -= a * earlierQ[index]
                t[index] -= b * earlierQ[index] + a * earlierT[index]
            }
        }
        let (pivots, squares) = (panel.pivots, panel.squares)
        let scale = 1 / pivots[channel].squareRoot()
        let half = 0.5 * squares[channel] / pivots[channel]
        for index in 0..<count {
            let (a, b) = (q[index] * scale, t[index] * scale)
            let c = b - half * a
            q[index] = a
            t[index] = c
            pivots[index] -= a * a
            squares[index] -= 2 * a * c
        }
    }

    /// Γ of one channel. −∞, which is less important than anything, where rounding or bad input left no pivot.
    private static func importance(_ pivot: Double, _ square: Double) -> Double {
        let value = square / pivot
        return pivot > 0 && pivot.isFinite && value.isFinite ? value : -.infinity
    }
}

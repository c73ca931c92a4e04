import Kernels

/// Units of many columns: every step is a matrix product by itself.
extension GreedyElimination {
    /// The small matrices of one group and the rows of its step.
    private struct Step {
        let size: Int
        /// L and Γ of the group that each thread looks at, [threads, 2, size, size].
        let factors: UnsafeMutablePointer<Double>
        /// Qᵀ and Tᵀ, [size, columns left].
        let q: UnsafeMutablePointer<Double>
        let t: UnsafeMutablePointer<Double>

        func lower(_ slot: Int) -> UnsafeMutablePointer<Double> { factors + 2 * slot * size * size }

        func weighted(_ slot: Int) -> UnsafeMutablePointer<Double> { lower(slot) + size * size }
    }

    func groups(of size: Int) -> [Int] {
        let factors = AlignedBuffer(doubles: 2 * size * size * Threads.count)
        let rows = AlignedBuffer(doubles: 2 * size * order)
        defer { withExtendedLifetime((factors, rows)) {} }
        let step = Step(size: size, factors: factors.doubles, q: rows.doubles, t: rows.doubles + size * order)
        var remaining = Array(0..<order / size)
        var sequence: [Int] = []
        sequence.reserveCapacity(remaining.count)
        while !remaining.isEmpty {
            let importances = importances(step, remaining.count)
            let group = next(importances, gone: [Bool](repeating: false, count: remaining.count))
            sequence.append(remaining[group])
            if remaining.count > 1, importances[group].isFinite {
                eliminate(step, group, columns: remaining.count * size)
            }
            compact(remaining.indices.filter { $0 != group }.flatMap { $0 * size..<($0 + 1) * size })
            remaining.remove(at: group)
        }
        return sequence
    }

    /// One group a thread: their matrices are too small to be shared out.
    private func importances(_ step: Step, _ count: Int) -> [Double] {
        var importances = [Double](repeating: 0, count: count)
        importances.withUnsafeMutableBufferPointer { buffer in
            guard let importances = buffer.baseAddress else { return }
            Threads.forEach(count) { slot, group in importances[group] = importance(step, group, slot: slot) }
        }
        return importances
    }

    /// trace(Γ), with L and Γ left in the slot; −∞ where there is no L.
    private func importance(_ step: Step, _ group: Int, slot: Int) -> Double {
        let (size, start) = (step.size, group * step.size)
        let (lower, weighted) = (step.lower(slot), step.weighted(slot))
        for row in 0..<size {
            let source = (start + row) * order + start
            for column in 0...row {
                lower[row * size + column] = matrix.doubles[source + column]
                weighted[row * size + column] = gram.doubles[source + column]
                weighted[column * size + row] = gram.doubles[source + column]
            }
        }
        guard (try? LinearAlgebra.cholesky(lower, order: size)) != nil else { return -.infinity }
        LinearAlgebra.solveLower(weighted, columns: size, against: lower, order: size)
        LinearAlgebra.solveTransposedLower(weighted, rows: size, against: lower, order: size)
        let trace = (0..<size).reduce(0.0) { $0 + weighted[$1 * size + $1] }
        return trace.isFinite ? trace : -.infinity
    }

    /// Eliminates one group from the matrices, of which the first `columns` rows and columns are left.
    private func eliminate(_ step: Step, _ group: Int, columns: Int) {
        let (size, start) = (step.size, group * step.size)
        let (lower, weighted) = (step.lower(0), step.weighted(0))
        _ = importance(step, group, slot: 0)
        for row in 0..<size {
            copyRow(start + row, of: matrix.doubles, count: columns, into: step.q + row * columns)
            copyRow(start + row, of: gram.doubles, count: columns, into: step.t + row * columns)
        }
        LinearAlgebra.solveLower(step.q, columns: columns, against: lower, order: size)
        LinearAlgebra.solveLower(step.t, columns: columns, against: lower, order: size)
        LinearAlgebra.subtractSymmetric(
            weighted, order: size, times: step.q, columns: columns, scale: 0.5, from: step.t)
        LinearAlgebra.addGram(step.q, rows: size, width: columns, scale: -1, into: matrix.doubles, stride: order)
        LinearAlgebra.subtractProducts(step.q, step.t, rows: size, width: columns, from: gram.doubles, stride: order)
    }
}

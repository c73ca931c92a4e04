import Kernels

/// Units of many columns: every step is a matrix product by itself.
extension GreedyElimination {
    /// The small matrices of one group and the rows of its step.
    private struct Step {
        let size: Int
        /// L, [size, size].
        let lower: UnsafeMutablePointer<Double>
        /// Γ, [size, size].
        let weighted: UnsafeMutablePointer<Double>
        /// Qᵀ and Tᵀ, [size, columns left].
        let q: UnsafeMutablePointer<Double>
        let t: UnsafeMutablePointer<Double>
    }

    func groups(of size: Int) -> [Int] {
        let memory = AlignedBuffer(doubles: 2 * size * (size + order))
        defer { withExtendedLifetime(memory) {} }
        let rows = memory.doubles + 2 * size * size
        let step = Step(
            size: size, lower: memory.doubles, weighted: memory.doubles + size * size, q: rows, t: rows + size * order)
        var remaining = Array(0..<order / size)
        var sequence: [Int] = []
        sequence.reserveCapacity(remaining.count)
        while !remaining.isEmpty {
            let importances = remaining.indices.map { importance(step, $0) }
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

    /// trace(Γ), with L and Γ left in `step`; −∞ where there is no L.
    private func importance(_ step: Step, _ group: Int) -> Double {
        let (size, start) = (step.size, group * step.size)
        for row in 0..<size {
            let source = (start + row) * order + start
            for column in 0...row {
                step.lower[row * size + column] = matrix.doubles[source + column]
                step.weighted[row * size + column] = gram.doubles[source + column]
                step.weighted[column * size + row] = gram.doubles[source + column]
            }
        }
        guard (try? LinearAlgebra.cholesky(step.lower, order: size)) != nil else { return -.infinity }
        LinearAlgebra.solveLower(step.weighted, columns: size, against: step.lower, order: size)
        LinearAlgebra.solveTransposedLower(step.weighted, rows: size, against: step.lower, order: size)
        let trace = (0..<size).reduce(0.0) { $0 + step.weighted[$1 * size + $1] }
        return trace.isFinite ? trace : -.infinity
    }

    /// Eliminates one group from the matrices, of which the first `columns` rows and columns are left.
    private func eliminate(_ step: Step, _ group: Int, columns: Int) {
        let (size, start) = (step.size, group * step.size)
        _ = importance(step, group)
        for row in 0..<size {
            copyRow(start + row, of: matrix.doubles, count: columns, into: step.q + row * columns)
            copyRow(start + row, of: gram.doubles, count: columns, into: step.t + row * columns)
        }
        LinearAlgebra.solveLower(step.q, columns: columns, against: step.lower, order: size)
        LinearAlgebra.solveLower(step.t, columns: columns, against: step.lower, order: size)
        LinearAlgebra.subtractSymmetric(
            step.weighted, order: size, times: step.q, columns: columns, scale: 0.5, from: step.t)
        LinearAlgebra.addGram(step.q, rows: size, width: columns, scale: -1, into: matrix.doubles, stride: order)
        LinearAlgebra.subtractProducts(
            step.q, step.t, rows: size, width: columns, from: gram.doubles, stride: order)
    }
}

import Kernels

/// Units of many columns: every step is a matrix product by itself.
extension GreedyElimination {
    /// The small matrices of one group and the rows of its step.
    struct Step {
        let size: Int
        /// L and Γ of the group that each thread looks at, [threads, 2, size, size].
        fileprivate let factors: UnsafeMutablePointer<Double>
        /// Qᵀ and Tᵀ, [size, columns left].
        fileprivate let q: UnsafeMutablePointer<Double>
        fileprivate let t: UnsafeMutablePointer<Double>

        fileprivate func lower(_ slot: Int) -> UnsafeMutablePointer<Double> { factors + 2 * slot * size * size }

        fileprivate func weighted(_ slot: Int) -> UnsafeMutablePointer<Double> { lower(slot) + size * size }
    }

    /// Memory for steps of one size, which has to live as long as they are used.
    struct StepScratch {
        private let factors: AlignedBuffer
        private let rows: AlignedBuffer
        let step: Step

        /// - Parameter order: columns of the matrices.
        init(size: Int, order: Int) {
            factors = AlignedBuffer(doubles: 2 * size * size * Threads.count)
            rows = AlignedBuffer(doubles: 2 * size * order)
            step = Step(size: size, factors: factors.doubles, q: rows.doubles, t: rows.doubles + size * order)
        }
    }

    func groups(of size: Int) -> [Int] {
        // The scratch of a step is as large as the matrices when there is one group, and nothing to choose then.
        guard order > size else { return Array(0..<order / size) }
        let scratch = StepScratch(size: size, order: order)
        defer { withExtendedLifetime(scratch) {} }
        var remaining = Array(0..<order / size)
        var sequence: [Int] = []
        sequence.reserveCapacity(remaining.count)
        while !remaining.isEmpty {
            let importances = importances(scratch.step, remaining.count)
            let group = next(importances, gone: [Bool](repeating: false, count: remaining.count))
            eliminate(scratch.step, group, of: remaining.count, importance: importances[group])
            sequence.append(remaining.remove(at: group))
        }
        return sequence
    }

    /// Takes one of `count` groups out of the matrices.
    /// - Parameter importance: without a finite one nothing can be told of the group; it goes without a trace.
    func eliminate(_ step: Step, _ group: Int, of count: Int, importance: Double) {
        if count > 1, importance.isFinite { eliminate(step, group, columns: count * step.size) }
        compact((0..<count).filter { $0 != group }.flatMap { $0 * step.size..<($0 + 1) * step.size })
    }

    /// One group a thread: their matrices are too small to be shared out.
    func importances(_ step: Step, _ count: Int) -> [Double] {
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

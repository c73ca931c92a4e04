import Kernels

/// Greedy elimination of units, one after another, from a pair of symmetric matrices.
///
/// The state is a positive definite H [F, F] and G = Vᵀ·V of some V [D, F]. Eliminating the columns u of one unit turns
/// them into
///
///     H ← H − H_:u·H_uu⁻¹·H_u:        V ← V − V_u·H_uu⁻¹·H_u:
///
/// and the unit that goes is the one whose trace(V_u·H_uu⁻¹·V_uᵀ) is least (or greatest) of all that are left. V itself
/// is never needed: with H_uu = L·Lᵀ, Q = H_:u·L⁻ᵀ, Γ = L⁻¹·G_uu·L⁻ᵀ and T = G_:u·L⁻ᵀ − ½·Q·Γ the same step is
///
///     H ← H − Q·Qᵀ        G ← G − Q·Tᵀ − T·Qᵀ        importance = trace(Γ)
///
/// With H = C⁻¹ and V = W this is the optimal brain surgeon's backward elimination from the refitted weights
/// (`SurgeonOrder`); with H = C and V = W·C it is forward selection by pivoted Cholesky (`ForwardOrder`).
///
/// H only ever shrinks (H − Q·Qᵀ is a Schur complement), so that rounding errors do not grow; with H of a problem
/// scaled to unit variances they stay far below any pivot.
struct GreedyElimination {
    enum Choice { case least, greatest }

    /// H and G, float64 row-major [order, order], of which the lower triangles count; used up.
    let matrix: AlignedBuffer
    let gram: AlignedBuffer
    let order: Int
    let choice: Choice

    /// All units in the order in which they go.
    /// - Parameter panel: channels whose eliminations enter the matrices together; only the time depends on it.
    func sequence(unitSize: Int, panel: Int) -> [Int] {
        if order == 0 { return [] }
        return unitSize == 1 ? channels(panel: panel) : groups(of: unitSize)
    }

    /// The next unit to go. Of equals the later index counts as less important.
    func next(_ importances: [Double], gone: [Bool]) -> Int {
        var chosen = -1
        for index in importances.indices where !gone[index] {
            if chosen >= 0 {
                let (value, best) = (importances[index], importances[chosen])
                guard choice == .least ? value <= best : value > best else { continue }
            }
            chosen = index
        }
        return chosen
    }

    /// Moves the given rows and columns, ascending, to the front of both matrices.
    func compact(_ kept: [Int]) {
        var runs: [Range<Int>] = []
        for index in kept {
            if let last = runs.last, last.upperBound == index {
                runs[runs.count - 1] = last.lowerBound..<index + 1
            } else {
                runs.append(index..<index + 1)
            }
        }
        let (matrices, order) = ([matrix.doubles, gram.doubles], order)
        // Nothing is overwritten that is still to be read: targets lie before their sources, in this order of visits.
        Threads.forEach(2) { _, index in
            for (row, source) in kept.enumerated() {
                let from = matrices[index] + source * order
                var to = matrices[index] + row * order
                for run in runs {
                    if run.lowerBound > source { break }
                    let count = min(run.upperBound, source + 1) - run.lowerBound
                    to.update(from: from + run.lowerBound, count: count)
                    to += count
                }
            }
        }
    }

    /// One row of a symmetric matrix, of its first `count` columns.
    func copyRow(_ row: Int, of values: UnsafePointer<Double>, count: Int, into target: UnsafeMutablePointer<Double>) {
        target.update(from: values + row * order, count: row + 1)
        for column in row + 1..<max(count, row + 1) {
            target[column] = values[column * order + row]
        }
    }
}

import Kernels

/// Query heads of key/value groups that are all to keep equally many.
///
/// In rounds: every group loses one head a round, always the head that costs least of those in groups that have yet to
/// lose theirs, given all that went before. So what a group keeps of few heads, it keeps of more. Behind a round the
/// groups are ordered by what is left of them, on a copy of the matrices.
extension GreedyElimination {
    /// - Parameters:
    ///   - size: columns of one head.
    ///   - perGroup: heads of one group, next to each other.
    ///   - counts: how many heads every group keeps, each at least 1 and less than `perGroup`.
    /// - Returns: an order for each of `counts`.
    func headOrders(of size: Int, perGroup: Int, counts: [Int]) -> [HeadOrder] {
        let scratch = StepScratch(size: size, order: order)
        defer { withExtendedLifetime(scratch) {} }
        var heads = Array(0..<order / size)
        var orders: [Int: HeadOrder] = [:]
        for kept in stride(from: perGroup - 1, through: counts.min() ?? perGroup, by: -1) {
            dropOneOfEachGroup(&heads, perGroup: perGroup, scratch.step)
            guard counts.contains(kept) else { continue }
            let sequence = copy(columns: heads.count * size).groups(of: kept * size)
            orders[kept] = HeadOrder(
                groups: choice == .least ? sequence.reversed() : sequence,
                kept: stride(from: 0, to: heads.count, by: kept).map { Array(heads[$0..<$0 + kept]) })
        }
        return counts.compactMap { orders[$0] }
    }

    /// - Parameter heads: those that the matrices have left, ascending.
    private func dropOneOfEachGroup(_ heads: inout [Int], perGroup: Int, _ step: Step) {
        var pending = Set(heads.map { $0 / perGroup })
        while !pending.isEmpty {
            let importances = importances(step, heads.count)
            let place = next(importances, gone: heads.map { !pending.contains($0 / perGroup) })
            eliminate(step, place, of: heads.count, importance: importances[place])
            pending.remove(heads.remove(at: place) / perGroup)
        }
    }

    /// The first rows and columns of both matrices.
    private func copy(columns: Int) -> GreedyElimination {
        func copy(_ source: AlignedBuffer) -> AlignedBuffer {
            let target = AlignedBuffer(doubles: columns * columns)
            for row in 0..<columns {
                (target.doubles + row * columns).update(from: source.doubles + row * order, count: row + 1)
            }
            return target
        }
        return GreedyElimination(matrix: copy(matrix), gram: copy(gram), order: columns, choice: choice)
    }
}

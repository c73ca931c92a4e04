import Calibration
import Kernels

/// One attention, ready to be cut to any of its shapes.
///
/// For each number of query heads that groups may keep there is an order of its own: which heads stay, and which groups
/// come first with those. A level is a prefix of one of these orders, whatever the method. So there are as many factors
/// as numbers of heads, of ever fewer columns: with three heads a group and as many inputs as outputs 1.8 times the
/// memory of the one for whole groups, with four 2.2, with eight 3.8 times.
package struct AttentionPlan: Sendable {
    /// The attention as it is.
    package let whole: AttentionShape
    /// Groups with all their query heads.
    package let groups: SublayerPlan
    /// By the number of heads that groups keep.
    private let fewer: [Int: SublayerPlan]
    /// Of the query heads, where no closed form says what goes with them.
    private let importances: [Double]

    /// - Parameters:
    ///   - projection: o_proj, in units of whole groups.
    ///   - ridge, order: see `SublayerPlan`.
    /// - Throws: `KernelError`.
    package init(
        _ projection: OutputProjection, _ moments: ActivationMoments, _ whole: AttentionShape, unit: AttentionUnit,
        method: PruningMethod, ridge: Double, order: any UnitOrder = WandaOrder()
    ) throws(KernelError) {
        self.whole = whole
        groups = try SublayerPlan(projection, moments, method: method, ridge: ridge, order: order)
        guard unit == .head, method != .removal else {
            (fewer, importances) = ([:], [])
            return
        }
        let headSize = projection.unitSize / whole.headsPerGroup
        let heads = projection.inUnits(of: headSize)
        let counts = AttentionShape.headCounts(of: whole.headsPerGroup, unit).filter { $0 < whole.headsPerGroup }
        let orders = order.headOrders(heads, moments, headsPerGroup: whole.headsPerGroup, counts: counts)
        var fewer: [Int: SublayerPlan] = [:]
        for (count, order) in zip(counts, orders) {
            fewer[count] = try SublayerPlan(
                projection, moments, method: method, ridge: ridge,
                columns: ColumnOrder(order, headSize: headSize, of: projection))
        }
        self.fewer = fewer
        importances = method == .nested ? [] : order.importances(heads, moments)
    }

    /// Bytes of the factors.
    package var byteCount: Int { fewer.values.reduce(groups.byteCount) { $0 + $1.byteCount } }

    /// `byteCount` of the method `nested`, before there is a plan.
    package static func byteCount(
        _ whole: AttentionShape, headSize: Int, outputs: Int, unit: AttentionUnit
    ) -> Int {
        AttentionShape.headCounts(of: whole.headsPerGroup, unit).reduce(0) {
            $0 + NestedFactor.byteCount(columns: whole.groups * $1 * headSize, outputs: outputs)
        }
    }

    /// Of all shapes with so many heads a group, each a number of units of its order.
    package func plan(headsPerGroup: Int) -> SublayerPlan { fewer[headsPerGroup] ?? groups }

    /// What a shape keeps: groups, most important first, and query heads, those of the first group first.
    package func kept(_ shape: AttentionShape) -> (groups: [Int], heads: [Int]) {
        let columns = plan(headsPerGroup: shape.headsPerGroup).columns
        let kept = columns.kept(shape.groups)
        let headSize = max(columns.columns.count / max(whole.queryHeads, 1), 1)
        return (
            Array(columns.units[..<shape.groups]),
            stride(from: 0, to: kept.count, by: headSize).map { kept[$0] / headSize }
        )
    }

    /// Reconstruction error in units of the residual stream's mean square, where it is known in closed form.
    package func residualError(_ shape: AttentionShape) -> Double? {
        plan(headsPerGroup: shape.headsPerGroup).residualErrors.map { $0[shape.groups] }
    }

    /// What a shape costs, to be compared between shapes of this attention: the reconstruction error, or else how
    /// important the heads are together that it lacks, counted from the least important one where that is below 0.
    package func loss(_ shape: AttentionShape) -> Double {
        if let error = residualError(shape) { return error }
        let kept = Set(kept(shape).heads)
        let origin = min(importances.min() ?? 0, 0)
        return importances.indices.reduce(0.0) { kept.contains($1) ? $0 : $0 + importances[$1] - origin }
    }
}

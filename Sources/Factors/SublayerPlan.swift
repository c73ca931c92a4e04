import Calibration
import Kernels

/// What becomes of the output projection of a sublayer that loses units.
package enum PruningMethod: String, Sendable, Codable, CaseIterable {
    /// The nested least-squares refit with bias.
    case nested
    /// The kept columns as they were, and a bias for what the others added on average: with FLAP's order as published.
    case compensated
    /// The kept columns as they were, no bias: with Wanda-sp's order as published.
    case plain
    /// The same, but a sublayer without units leaves nothing at all: for methods that remove whole blocks.
    case removal

    /// Cut sublayers have a bias even where the model has none.
    package var addsBiases: Bool { self == .nested || self == .compensated }
}

/// One sublayer, ready to be cut at any level.
package enum SublayerPlan: Sendable {
    case refit(NestedFactor)
    case plain(KeptColumns)

    /// - Parameters:
    ///   - ridge: λ of the refit, as a fraction of the mean variance of the inputs.
    ///   - order: which units come first; of no use for `removal`.
    /// - Throws: `KernelError`.
    package init(
        _ projection: OutputProjection, _ moments: ActivationMoments, method: PruningMethod, ridge: Double,
        order: any UnitOrder = WandaOrder()
    ) throws(KernelError) {
        let units =
            method == .removal ? Array(0..<projection.units) : order.order(projection, moments)
        try self.init(
            projection, moments, method: method, ridge: ridge, columns: ColumnOrder(units: units, of: projection))
    }

    /// - Parameter columns: what each level keeps.
    /// - Throws: `KernelError`.
    init(
        _ projection: OutputProjection, _ moments: ActivationMoments, method: PruningMethod, ridge: Double,
        columns: ColumnOrder
    ) throws(KernelError) {
        func plain(_ remainder: KeptColumns.Remainder) -> SublayerPlan {
            .plain(KeptColumns(projection, order: columns, remainder: remainder))
        }
        switch method {
        case .nested: self = .refit(try NestedFactor(projection, moments, order: columns, ridge: ridge))
        case .compensated: self = plain(.means((0..<projection.columns).map { moments.plainMean($0) }))
        case .plain: self = plain(.nothing)
        case .removal: self = plain(.nothingAtAll)
        }
    }

    /// Units, most important first.
    package var order: [Int] { columns.units }

    /// What each level keeps.
    package var columns: ColumnOrder {
        switch self {
        case .refit(let factor): factor.order
        case .plain(let columns): columns.order
        }
    }

    /// Bytes of the factors; the weights of a plain projection are the dense model's.
    package var byteCount: Int {
        switch self {
        case .refit(let factor): factor.byteCount
        case .plain: 0
        }
    }

    /// Reconstruction error of each number of units kept in units of the residual stream's mean square, where it is
    /// known in closed form.
    package var residualErrors: [Double]? {
        switch self {
        case .refit(let factor): factor.residualErrors
        case .plain: nil
        }
    }

    /// The output projection that reads what is kept of the first `units` units: [outputs, units·unitSize] and its bias.
    package func projection(keeping units: Int) -> (weights: [Float], bias: [Float]?) {
        switch self {
        case .refit(let factor): return factor.refit(keeping: units)
        case .plain(let columns): return columns.projection(keeping: units)
        }
    }
}

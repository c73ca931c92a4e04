import Calibration
import Kernels

/// How units are kept and what becomes of the output projection.
package enum PruningMethod: String, Sendable, Codable, CaseIterable {
    /// The nested least-squares refit with bias.
    case nested
    /// The kept columns as they were, no bias: with Wanda-sp's order as published.
    case wandaSP = "wanda-sp"
}

/// One sublayer, ready to be cut at any level.
package enum SublayerPlan: Sendable {
    case refit(NestedFactor)
    case plain(OutputProjection, order: [Int])

    /// - Parameters:
    ///   - ridge: λ of the refit, as a fraction of the mean variance of the inputs.
    ///   - order: which units come first.
    /// - Throws: `KernelError`.
    package init(
        _ projection: OutputProjection, _ moments: ActivationMoments, method: PruningMethod, ridge: Double,
        order: any UnitOrder = WandaOrder()
    ) throws(KernelError) {
        let order = order.order(projection, moments)
        switch method {
        case .nested: self = .refit(try NestedFactor(projection, moments, order: order, ridge: ridge))
        case .wandaSP: self = .plain(projection, order: order)
        }
    }

    /// Units, most important first.
    package var order: [Int] {
        switch self {
        case .refit(let factor): factor.order
        case .plain(_, let order): order
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

    /// The output projection that reads the first `units` units: [outputs, units·unitSize] and its bias.
    package func projection(keeping units: Int) -> (weights: [Float], bias: [Float]?) {
        switch self {
        case .refit(let factor):
            return factor.refit(keeping: units)
        case .plain(let projection, let order):
            let columns = order[..<units].flatMap { $0 * projection.unitSize..<($0 + 1) * projection.unitSize }
            var weights: [Float] = []
            weights.reserveCapacity(projection.outputs * columns.count)
            for row in 0..<projection.outputs {
                for column in columns { weights.append(projection.weights[row * projection.columns + column]) }
            }
            return (weights, projection.bias)
        }
    }
}

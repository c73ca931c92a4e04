import Calibration

/// The best order that a projection's size affords: the surgeon's up to `SurgeonOrder.affordableColumns`, above it the
/// fluctuation's.
package struct AutomaticOrder: UnitOrder {
    private let ridge: Double
    private let largestColumns: Int

    /// - Parameters:
    ///   - ridge: λ, as a fraction of the mean variance of the inputs; the refit's own.
    ///   - largestColumns: the most columns that are left to the surgeon.
    package init(ridge: Double, largestColumns: Int = SurgeonOrder.affordableColumns) {
        self.ridge = ridge
        self.largestColumns = largestColumns
    }

    package func order(_ projection: OutputProjection, _ moments: ActivationMoments) -> [Int] {
        chosen(projection).order(projection, moments)
    }

    package func importances(_ projection: OutputProjection, _ moments: ActivationMoments) -> [Double] {
        chosen(projection).importances(projection, moments)
    }

    package func headOrders(
        _ projection: OutputProjection, _ moments: ActivationMoments, headsPerGroup: Int, counts: [Int]
    ) -> [HeadOrder] {
        chosen(projection).headOrders(projection, moments, headsPerGroup: headsPerGroup, counts: counts)
    }

    private func chosen(_ projection: OutputProjection) -> any UnitOrder {
        projection.columns <= largestColumns ? SurgeonOrder(ridge: ridge) : FluctuationOrder()
    }
}

import Calibration

/// Structured magnitude pruning: the sum over a unit's columns j of ‖W_:,j‖, as in the program that goes with
/// arXiv 2312.11983. It sees no data.
package struct MagnitudeOrder: ScoredOrder {
    package init() {}

    package func scores(_ projection: OutputProjection, _ moments: ActivationMoments) -> [Double] {
        projection.unitSums(projection.squaredColumnNorms.map { $0.squareRoot() })
    }
}

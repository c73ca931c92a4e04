import Calibration

/// FLAP's fluctuation metric: the sum over a unit's columns j of Var(x_j)·‖W_:,j‖² (arXiv 2312.11983, weighted input
/// feature variance).
///
/// It is what dropping a column costs when a bias makes up for its mean and nothing else is refitted. The variance is
/// in the calibration's weights of tokens. FLAP's program squares the scores of `o_proj`'s columns before it adds them
/// up to heads; the paper does not, and neither does this.
package struct FluctuationOrder: ScoredOrder {
    package init() {}

    package func scores(_ projection: OutputProjection, _ moments: ActivationMoments) -> [Double] {
        projection.unitSums(columnScores(projection, moments))
    }

    /// The metric of every column, for a threshold over all layers.
    package func columnScores(_ projection: OutputProjection, _ moments: ActivationMoments) -> [Double] {
        projection.squaredColumnNorms.enumerated().map { column, square in
            max(0, moments.covariance(column, column)) * square
        }
    }
}

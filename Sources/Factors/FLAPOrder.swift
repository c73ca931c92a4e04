import Calibration

/// FLAP's score as its program computes it (arXiv 2312.11983, metric WIFV), comparable between all sublayers.
///
/// A column j has Var(x_j)·‖W_:,j‖², tokens counted alike; the columns of `o_proj` have the square of that. The scores of
/// one projection's columns are standardised (mean 0, standard deviation 1), and a unit has the mean of its columns: for
/// a head as published, and for a key/value group the mean of its heads, which have equally many columns.
///
/// `FluctuationOrder` is the same metric in the calibration's weights of tokens, not squared, for the refit.
package struct FLAPOrder: ScoredOrder {
    package init() {}

    package func scores(_ projection: OutputProjection, _ moments: ActivationMoments) -> [Double] {
        var values = projection.squaredColumnNorms.enumerated().map { moments.plainVariance($0) * $1 }
        // Units of one column are channels, never heads.
        if projection.unitSize > 1 { values = values.map { $0 * $0 } }
        return projection.unitSums(Self.standardised(values)).map { $0 / Double(projection.unitSize) }
    }

    /// (x − mean) / s, s with n − 1 in the denominator; zeros where nothing varies.
    private static func standardised(_ values: [Double]) -> [Double] {
        let count = Double(max(values.count, 1))
        let mean = values.reduce(0, +) / count
        let squares = values.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) }
        let deviation = (squares / max(count - 1, 1)).squareRoot()
        return values.map { deviation > 0 ? ($0 - mean) / deviation : 0 }
    }
}

import Calibration
import Kernels

/// Forward selection: at every step the unit that explains most of what the refitted output still misses.
///
/// With the residual moment C − C_:S·C_SS⁻¹·C_S: in place of H and V = W times it, the gain of the columns u is
/// trace(V_u·H_uu⁻¹·V_uᵀ): the same elimination as the surgeon's from the other end (`GreedyElimination`), which for
/// channels is Cholesky with pivots chosen for the output (orthogonal matching pursuit with many targets). Inputs are
/// scaled to unit variance, which changes no gain.
///
/// Errors count in the projection's metric, where it has one.
///
/// Cost for F columns and D outputs: about F³ + 3·D·F² operations and 16·F² bytes besides the moments.
package struct ForwardOrder: UnitOrder {
    private let ridge: Double
    private let panel: Int

    /// - Parameters:
    ///   - ridge: λ, as a fraction of the mean variance of the inputs; the refit's own.
    ///   - panel: channels selected between two updates of the whole matrices. Only the time depends on it.
    package init(ridge: Double, panel: Int = 64) {
        self.ridge = ridge
        self.panel = panel
    }

    package func order(_ projection: OutputProjection, _ moments: ActivationMoments) -> [Int] {
        let columns = projection.columns
        precondition(moments.width == columns)
        let (moment, gram) = (AlignedBuffer(doubles: columns * columns), AlignedBuffer(doubles: columns * columns))
        let matrix = moment.doubles
        RidgedMoment.write(moments, Array(0..<columns), ridge: ridge, into: matrix)
        let deviations = (0..<columns).map { column in
            let deviation = matrix[column * columns + column].squareRoot()
            return deviation.isFinite && deviation > 0 ? deviation : 1
        }
        for row in 0..<columns {
            for column in 0...row { matrix[row * columns + column] /= deviations[row] * deviations[column] }
        }
        let product = AlignedBuffer(doubles: min(projection.outputs, 256) * columns)
        projection.inMetric.forEachBlock(scaledBy: deviations) { block, rows in
            LinearAlgebra.multiplySymmetric(block, rows: rows, by: matrix, order: columns, into: product.doubles)
            LinearAlgebra.addGram(product.doubles, rows: rows, width: columns, into: gram.doubles, stride: columns)
        }
        let elimination = GreedyElimination(matrix: moment, gram: gram, order: columns, choice: .greatest)
        return elimination.sequence(unitSize: projection.unitSize, panel: panel)
    }
}

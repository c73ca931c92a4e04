import Calibration
import Kernels

/// Backward elimination by the optimal brain surgeon's criterion, for the least-squares refit of the output projection.
///
/// The unit goes whose removal raises the refit's error least, the other columns are refitted, and so on to the last.
/// With C the ridged moment of the inputs, H = C⁻¹ restricted to the columns left and W refitted to them, removing the
/// columns u costs trace(W_u·H_uu⁻¹·W_uᵀ) exactly, and
///
///     W ← W − W_u·H_uu⁻¹·H_u:        H ← H − H_:u·H_uu⁻¹·H_u:
///
/// (Hassibi and Stork 1993; whole columns and groups as in OBC, arXiv 2208.11580, and ZipLM, arXiv 2302.04089). Here
/// WᵀW stands in for W, see `GreedyElimination`; WᵀGW where the projection has a metric G of its outputs, in which
/// the errors then count. Inputs are scaled to unit variance, which changes no cost and keeps
/// every H_jj at 1 or above.
///
/// Cost for F columns and D outputs: about 2·F³ + D·F² operations (factor ⅓, inverse ⅔, elimination 1), nearly all in
/// matrix products, 16·F² bytes besides the moments, and F³/6 bytes moved to and from memory. On two cores with AVX-512:
///
///     F       D      operations   bytes     seconds
///     1536    576    9·10⁹        38 MB     0.24
///     6144    2048   5.4·10¹¹     0.6 GB    8
///     11008   4096   3.2·10¹²     1.9 GB    about 50 (by operations)
///     14336   4096   6.7·10¹²     3.3 GB    about 100 (by operations)
package struct SurgeonOrder: UnitOrder {
    /// Above this many columns an order that costs one pass over the weights is the better bargain (`AutomaticOrder`).
    package static let affordableColumns = 6144

    /// λ of the refit.
    private let ridge: Double
    private let panel: Int

    /// - Parameters:
    ///   - ridge: λ, as a fraction of the mean variance of the inputs; the refit's own.
    ///   - panel: channels eliminated between two updates of the whole matrices. Only the time depends on it.
    package init(ridge: Double, panel: Int = 64) {
        self.ridge = ridge
        self.panel = panel
    }

    /// Where the moments cannot be factored (no ridge and degenerate inputs, or inputs that are not numbers) the order
    /// is `FluctuationOrder`'s.
    package func order(_ projection: OutputProjection, _ moments: ActivationMoments) -> [Int] {
        if projection.columns == 0 { return [] }
        guard let elimination = elimination(projection, moments) else {
            return FluctuationOrder().order(projection, moments)
        }
        return elimination.sequence(unitSize: projection.unitSize, panel: panel).reversed()
    }

    /// See `GreedyElimination.headOrders`; where there is no order, `FluctuationOrder`'s. The cost is that of an order
    /// and, for each of `counts`, of an elimination of the groups in what is left of the columns.
    package func headOrders(
        _ projection: OutputProjection, _ moments: ActivationMoments, headsPerGroup: Int, counts: [Int]
    ) -> [HeadOrder] {
        if projection.columns == 0 || counts.isEmpty { return counts.map { _ in HeadOrder(groups: [], kept: []) } }
        guard let elimination = elimination(projection, moments) else {
            return FluctuationOrder().headOrders(projection, moments, headsPerGroup: headsPerGroup, counts: counts)
        }
        return elimination.headOrders(of: projection.unitSize, perGroup: headsPerGroup, counts: counts)
    }

    /// H = C⁻¹ and WᵀW of inputs scaled to unit variance; `nil` where the moments cannot be factored.
    private func elimination(_ projection: OutputProjection, _ moments: ActivationMoments) -> GreedyElimination? {
        let columns = projection.columns
        precondition(moments.width == columns)
        let seen = projection.inMetric
        let (inverse, gram) = (AlignedBuffer(doubles: columns * columns), AlignedBuffer(doubles: columns * columns))
        guard let deviations = factor(moments, into: inverse.doubles) else { return nil }
        LinearAlgebra.invert(factor: inverse.doubles, order: columns, scratch: gram.doubles)
        gram.doubles.update(repeating: 0, count: columns * columns)
        for row in 0..<columns {
            let values = inverse.doubles + row * columns
            for column in 0...row { values[column] *= deviations[row] * deviations[column] }
        }
        seen.forEachBlock(scaledBy: deviations) { block, rows in
            LinearAlgebra.addGram(block, rows: rows, width: columns, into: gram.doubles, stride: columns)
        }
        return GreedyElimination(matrix: inverse, gram: gram, order: columns, choice: .least)
    }

    /// The Cholesky factor of C.
    /// - Returns: √C_jj of every column, or `nil` where there is no factor.
    private func factor(_ moments: ActivationMoments, into matrix: UnsafeMutablePointer<Double>) -> [Double]? {
        let columns = moments.width
        do {
            try RidgedMoment.factor(moments, Array(0..<columns), ridge: ridge, into: matrix)
        } catch {
            return nil
        }
        let deviations = (0..<columns).map { row in
            (0...row).reduce(0.0) { $0 + matrix[row * columns + $1] * matrix[row * columns + $1] }.squareRoot()
        }
        return deviations.allSatisfy { $0.isFinite && $0 > 0 } ? deviations : nil
    }
}

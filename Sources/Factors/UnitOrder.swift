import Calibration
import Gradients

/// The output projection of one sublayer as pruning sees it: whole units of neighbouring columns.
package struct OutputProjection: Sendable {
    /// W, row-major [outputs, columns].
    package var weights: [Float]
    package var outputs: Int
    package var columns: Int
    /// The layer's own bias [outputs].
    package var bias: [Float]?
    /// Columns of one unit: 1 for channels, (H/G)·headSize for key/value groups.
    package var unitSize: Int
    /// What an error of the outputs costs; all outputs alike where it is not known.
    package var metric: OutputMetric?

    package var units: Int { columns / unitSize }

    /// The same columns in units of another size.
    func inUnits(of size: Int) -> OutputProjection {
        OutputProjection(
            weights: weights, outputs: outputs, columns: columns, bias: bias, unitSize: size, metric: metric)
    }

    package init(
        weights: [Float], outputs: Int, columns: Int, bias: [Float]? = nil, unitSize: Int, metric: OutputMetric? = nil
    ) {
        precondition(weights.count == outputs * columns && columns % unitSize == 0)
        self.weights = weights
        self.outputs = outputs
        self.columns = columns
        self.bias = bias
        self.unitSize = unitSize
        self.metric = metric
    }
}

/// A way to tell important units from unimportant ones.
package protocol UnitOrder: Sendable {
    /// A permutation of the units, most important first.
    func order(_ projection: OutputProjection, _ moments: ActivationMoments) -> [Int]

    /// One number a unit, all finite; higher is more important. They compare units of one projection and sets of them, by
    /// sums, and mean nothing beyond.
    func importances(_ projection: OutputProjection, _ moments: ActivationMoments) -> [Double]

    /// Which query heads of every key/value group to keep.
    /// - Parameters:
    ///   - projection: query heads as units, those of a group next to each other.
    ///   - counts: how many heads every group keeps, each at least 1 and less than `headsPerGroup`.
    /// - Returns: one order for each of `counts`.
    func headOrders(
        _ projection: OutputProjection, _ moments: ActivationMoments, headsPerGroup: Int, counts: [Int]
    ) -> [HeadOrder]
}

/// An order by a score that each unit has for itself.
package protocol ScoredOrder: UnitOrder {
    /// One score a unit; higher is more important.
    func scores(_ projection: OutputProjection, _ moments: ActivationMoments) -> [Double]
}

extension ScoredOrder {
    package func order(_ projection: OutputProjection, _ moments: ActivationMoments) -> [Int] {
        // What is not a number is not important, and comparisons with it would not sort.
        let scores = scores(projection, moments).map { $0.isNaN ? -.infinity : $0 }
        // Ties by index, so that the order is the same everywhere.
        return scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
    }
}

/// Wanda-sp: the sum over a unit's columns j of Σ_row |W_rj| · ‖X_j‖ (arXiv 2306.11695, in the structured form of
/// arXiv 2312.11983).
package struct WandaOrder: ScoredOrder {
    package init() {}

    package func scores(_ projection: OutputProjection, _ moments: ActivationMoments) -> [Double] {
        let columns = projection.columns
        var magnitudes = [Double](repeating: 0, count: columns)
        projection.weights.withUnsafeBufferPointer { weights in
            for row in 0..<projection.outputs {
                for column in 0..<columns { magnitudes[column] += Double(abs(weights[row * columns + column])) }
            }
        }
        return projection.unitSums(magnitudes.indices.map { magnitudes[$0] * moments.norm($0) })
    }
}

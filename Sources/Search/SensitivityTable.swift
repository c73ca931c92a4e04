import Foundation

/// What cutting each sublayer alone costs at every level, from measurements at a few levels.
///
/// Between two measurements the loss is taken as a power of the reconstruction error, a straight line in logarithms.
/// Below the smallest measured error it is taken as proportional to it: the error is a square, and to lowest order so is
/// a divergence.
package struct SensitivityTable: Hashable, Sendable {
    package struct Measurement: Hashable, Sendable {
        package var level: Int
        /// Fitness beyond that of the whole model.
        package var loss: Double

        package init(level: Int, loss: Double) {
            self.level = level
            self.loss = loss
        }
    }

    /// Per sublayer and level; 0 at the full level.
    package let losses: [[Double]]
    /// Per sublayer, the levels whose loss was measured, ascending.
    package let measuredLevels: [[Int]]

    /// - Parameters:
    ///   - measurements: per sublayer, in any order. One that is not finite counts as the worst finite one of all.
    ///   - errors: reconstruction error per sublayer and level; `nil` for the square of the rate.
    /// - Throws: `SearchError.badErrorCurves` when numbers of sublayers or levels do not fit the space.
    package init(
        _ measurements: [[Measurement]], errors: [[Double]]?, in space: SearchSpace
    ) throws(SearchError) {
        let errors = errors ?? space.sublayers.map(\.squaredRates)
        guard measurements.count == space.sublayers.count, errors.count == space.sublayers.count else {
            throw SearchError(
                .badErrorCurves,
                "There are measurements of \(measurements.count) sublayers and \(errors.count) error curves for "
                    + "\(space.sublayers.count) sublayers")
        }
        let worst = measurements.joined().map(\.loss).filter(\.isFinite).max() ?? 0
        var losses: [[Double]] = []
        var levels: [[Int]] = []
        for (index, sublayer) in space.sublayers.enumerated() {
            let known = measurements[index].sorted { $0.level < $1.level }
            guard errors[index].count == sublayer.parameters.count,
                known.allSatisfy({ sublayer.parameters.indices.contains($0.level) })
            else {
                throw SearchError(
                    .badErrorCurves, "The measurements of sublayer \(index) do not fit its levels")
            }
            let finite = known.map { Measurement(level: $0.level, loss: $0.loss.isFinite ? $0.loss : worst) }
            losses.append(Self.interpolated(finite, errors[index]))
            levels.append(known.map(\.level))
        }
        self.losses = losses
        measuredLevels = levels
    }

    /// The levels of a sublayer that are worth measuring: all of a sublayer with few, else those that keep none, half
    /// and three quarters of its parameters. The full level costs nothing.
    package static func levelsToMeasure(of sublayer: SearchSpace.Sublayer) -> [Int] {
        guard sublayer.fullLevel > fewLevels else { return Array(0..<sublayer.fullLevel) }
        let levels = [0, 0.5, 0.75].map { sublayer.level(nearestToKept: $0) }
        return Set(levels).subtracting([sublayer.fullLevel]).sorted()
    }

    private static let fewLevels = 4

    // MARK: Interpolation

    private struct Knot {
        var error: Double
        var loss: Double
    }

    private static func interpolated(_ known: [Measurement], _ errors: [Double]) -> [Double] {
        let full = errors.count - 1
        // A level whose error is 0 says nothing of the others.
        let knots = known.filter { $0.level < full && errors[$0.level] > 0 }
            .map { Knot(error: errors[$0.level], loss: $0.loss) }
            .sorted { $0.error < $1.error }
        var losses = errors.map { loss(at: $0, knots) }
        for measurement in known { losses[measurement.level] = measurement.loss }
        losses[full] = 0
        return losses
    }

    private static func loss(at error: Double, _ knots: [Knot]) -> Double {
        guard error > 0, let first = knots.first, let last = knots.last else { return 0 }
        if error <= first.error { return first.loss * error / first.error }
        guard let above = knots.firstIndex(where: { $0.error >= error }) else { return last.loss * error / last.error }
        let (low, high) = (knots[above - 1], knots[above])
        guard high.error > low.error else { return high.loss }
        if low.loss > 0, high.loss > 0 {
            let share = log(error / low.error) / log(high.error / low.error)
            return low.loss * pow(high.loss / low.loss, share)
        }
        // Noise: a loss that is no loss has no logarithm.
        return low.loss + (high.loss - low.loss) * (error - low.error) / (high.error - low.error)
    }
}

extension SearchSpace.Sublayer {
    /// The level that keeps nearest to a fraction of the parameters, the smaller one on a tie.
    package func level(nearestToKept fraction: Double) -> Int {
        parameters.nearestIndex(to: fraction * Double(fullParameters))
    }
}

import Calibration
import Factors

/// Greedy orders straight from their definitions: every choice is made by solving for the refit of every alternative.
extension Problem {
    /// tr((W − W_S)·C·(W − W_S)ᵀ) of the refit to the kept columns, C ridged.
    func refitError(kept: [Int], shift: Double, covariance: [Double]) -> Double {
        let zeros = [Double](repeating: 0, count: columns)
        let fit = directFit(kept: kept, shift: shift, covariance: covariance, means: zeros).weights
        var error = 0.0
        for output in 0..<outputs {
            var change = (0..<columns).map { weight(output, $0) }
            for (place, column) in kept.enumerated() { change[column] -= fit[output * kept.count + place] }
            for row in 0..<columns {
                error += shift * change[row] * change[row]
                for column in 0..<columns { error += change[row] * covariance[row * columns + column] * change[column] }
            }
        }
        return error
    }

    private func refitErrors(of choices: [[Int]], ridge: Double) -> [Double] {
        let covariance = covariance
        let (shift, size) = (shift(ridge, covariance), projection.unitSize)
        return choices.map { units in
            let kept = units.sorted().flatMap { $0 * size..<($0 + 1) * size }
            return refitError(kept: kept, shift: shift, covariance: covariance)
        }
    }

    /// Most important first: always the removal that leaves the least error.
    func backwardOrder(ridge: Double) -> [Int] {
        var left = Array(0..<projection.units)
        var removed: [Int] = []
        while !left.isEmpty {
            let errors = refitErrors(of: left.map { unit in left.filter { $0 != unit } }, ridge: ridge)
            let least = errors.indices.min { errors[$0] < errors[$1] } ?? 0
            removed.append(left.remove(at: least))
        }
        return removed.reversed()
    }

    /// Most important first: always the addition that leaves the least error.
    func forwardOrder(ridge: Double) -> [Int] {
        var (left, kept) = (Array(0..<projection.units), [Int]())
        while !left.isEmpty {
            let errors = refitErrors(of: left.map { kept + [$0] }, ridge: ridge)
            let least = errors.indices.min { errors[$0] < errors[$1] } ?? 0
            kept.append(left.remove(at: least))
        }
        return kept
    }

    /// The ridged moment as the program sees it, from its float32 sums.
    private func ridgedMoment(_ ridge: Double) -> [Double] {
        let moments = moments
        var matrix = (0..<columns * columns).map { moments.covariance($0 / columns, $0 % columns) }
        let shift = shift(ridge, matrix)
        for column in 0..<columns { matrix[column * columns + column] += shift }
        return matrix
    }

    /// Elimination of one channel after another with the refitted weights themselves.
    /// - Parameters:
    ///   - matrix: [columns, columns]
    ///   - weights: [outputs, columns]
    ///   - takesGreatest: which score goes first.
    private func eliminate(_ matrix: [Double], _ weights: [Double], takesGreatest: Bool) -> [Int] {
        var (matrix, weights, left, sequence) = (matrix, weights, Array(0..<columns), [Int]())
        while !left.isEmpty {
            let scores = left.map { column in
                (0..<outputs).reduce(0.0) { $0 + weights[$1 * columns + column] * weights[$1 * columns + column] }
                    / matrix[column * columns + column]
            }
            let best = scores.indices.min { takesGreatest ? scores[$0] > scores[$1] : scores[$0] < scores[$1] } ?? 0
            let column = left.remove(at: best)
            sequence.append(column)
            let row = left.map { matrix[column * columns + $0] / matrix[column * columns + column] }
            for output in 0..<outputs {
                let weight = weights[output * columns + column]
                for (place, other) in left.enumerated() { weights[output * columns + other] -= weight * row[place] }
            }
            for other in left {
                let factor = matrix[other * columns + column]
                for (place, third) in left.enumerated() { matrix[other * columns + third] -= factor * row[place] }
            }
        }
        return sequence
    }

    /// Most important first, by explicit updates of C⁻¹ and the refitted W.
    func unblockedBackwardOrder(ridge: Double) -> [Int] {
        var moment = ridgedMoment(ridge)
        var inverse = (0..<columns * columns).map { $0 / columns == $0 % columns ? 1.0 : 0 }
        solve(&moment, &inverse, order: columns, columns: columns)
        return eliminate(inverse, projection.weights.map(Double.init), takesGreatest: false).reversed()
    }

    /// Most important first, by explicit updates of the residual moment and W times it.
    func unblockedForwardOrder(ridge: Double) -> [Int] {
        let moment = ridgedMoment(ridge)
        var product = [Double](repeating: 0, count: outputs * columns)
        for output in 0..<outputs {
            for row in 0..<columns {
                let weight = weight(output, row)
                for column in 0..<columns {
                    product[output * columns + column] += weight * moment[row * columns + column]
                }
            }
        }
        return eliminate(moment, product, takesGreatest: true)
    }
}

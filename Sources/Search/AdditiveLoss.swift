import Foundation

/// An additive model of the loss, fitted to what was evaluated: loss on rung r ≈ a_r + Σ s_i·e_i(level_i), e_i the error
/// curve of sublayer i.
///
/// Bayesian linear regression with s_i = p_i·(g + d_i): p_i is what is known before any evaluation (single cuts), g a
/// common factor about which nothing is known, and d_i normal around 0. Losses do not add up over the whole space; near
/// the best candidates they nearly do, so evaluations count the less the farther they are from the best of their rung.
struct AdditiveLoss {
    private let errors: [[Double]]
    private let prior: [Double]
    /// g and d.
    private let mean: [Double]
    /// Lower Cholesky factor of the posterior's inverse covariance.
    private let factor: SquareMatrix

    /// Standard deviation of d.
    private static let spread = 0.5
    /// Of an evaluation on the first rung, as a share of its best.
    private static let noise = 0.007
    /// Distance from the best, as a share of it, at which an evaluation counts half.
    private static let neighbourhood = 0.15

    /// - Parameters:
    ///   - errors: per sublayer and level, at least 0.
    ///   - prior: p, above 0.
    /// - Returns: `nil` while fewer than two evaluations have finite scores.
    init?(_ records: [FitnessRecord], errors: [[Double]], prior: [Double]) {
        let rungs = records.map(\.scores.count).max() ?? 0
        let best = (0..<rungs).map { rung in
            records.compactMap { $0.scores.count > rung ? $0.scores[rung] : nil }.filter { $0.isFinite && $0 > 0 }.min()
        }
        // a of each rung, g, d.
        let size = rungs + 1 + errors.count
        var normal = SquareMatrix(size)
        var right = [Double](repeating: 0, count: size)
        var rows = 0
        for record in records {
            let shares = Self.features(record.candidate.levels, errors, prior)
            for (rung, score) in record.scores.enumerated() where score.isFinite {
                guard let best = best[rung] else { continue }
                let distance = (score / best - 1) / Self.neighbourhood
                // Later texts are several times as long.
                let noise = Self.noise * best * pow(0.5, Double(rung))
                let weight = 1 / ((1 + distance * distance) * noise * noise)
                var row = [Double](repeating: 0, count: size)
                row[rung] = 1
                row[rungs] = shares.reduce(0, +)
                row.replaceSubrange((rungs + 1)..., with: shares)
                for a in 0..<size where row[a] != 0 {
                    right[a] += weight * row[a] * score
                    for b in 0...a { normal[a, b] += weight * row[a] * row[b] }
                }
                rows += 1
            }
        }
        guard rows > 1 else { return nil }
        for index in 0...rungs { normal[index, index] += 1e-6 }
        for index in (rungs + 1)..<size { normal[index, index] += 1 / (Self.spread * Self.spread) }
        guard let factor = normal.cholesky else { return nil }
        let solution = factor.solvedTransposed(factor.solved(right))
        guard solution.allSatisfy(\.isFinite) else { return nil }
        self.errors = errors
        self.prior = prior
        self.factor = factor
        mean = solution
    }

    private static func features(_ levels: [Int], _ errors: [[Double]], _ prior: [Double]) -> [Double] {
        levels.indices.map { errors[$0][levels[$0]] * prior[$0] }
    }

    /// The model's loss, but for the rung's offset, at every level of every sublayer: the most probable, or drawn.
    /// - Parameter temperature: of the draw, in standard deviations; 0 for the most probable.
    func curves(temperature: Double, using generator: inout SeededGenerator) -> [[Double]] {
        var sample = mean
        if temperature > 0 {
            let noise = factor.solvedTransposed(sample.map { _ in generator.normal() })
            for index in sample.indices { sample[index] += temperature * noise[index] }
        }
        let own = sample.suffix(errors.count)
        let common = sample[sample.count - errors.count - 1]
        // Nothing gets better by cutting; what seems to is noise.
        let floor = 0.02 * max(abs(common), 1e-3)
        return zip(zip(errors, prior), own).map { known, deviation in
            let scale = known.1 * max(common + deviation, floor)
            return known.0.map { $0 * scale }
        }
    }
}

/// A small symmetric or triangular matrix in float64, of which the lower triangle is used.
struct SquareMatrix {
    let size: Int
    private var values: [Double]

    init(_ size: Int) {
        self.size = size
        values = [Double](repeating: 0, count: size * size)
    }

    subscript(row: Int, column: Int) -> Double {
        get { values[row * size + column] }
        set { values[row * size + column] = newValue }
    }

    /// L with L·Lᵀ = self; `nil` where there is none.
    var cholesky: SquareMatrix? {
        var lower = SquareMatrix(size)
        for row in 0..<size {
            for column in 0...row {
                var sum = self[row, column]
                for inner in 0..<column { sum -= lower[row, inner] * lower[column, inner] }
                if row == column {
                    guard sum > 0, sum.isFinite else { return nil }
                    lower[row, row] = sum.squareRoot()
                } else {
                    lower[row, column] = sum / lower[column, column]
                }
            }
        }
        return lower
    }

    /// x with L·x = b.
    func solved(_ b: [Double]) -> [Double] {
        var x = b
        for row in 0..<size {
            for column in 0..<row { x[row] -= self[row, column] * x[column] }
            x[row] /= self[row, row]
        }
        return x
    }

    /// x with Lᵀ·x = b.
    func solvedTransposed(_ b: [Double]) -> [Double] {
        var x = b
        for row in (0..<size).reversed() {
            for below in (row + 1)..<max(size, row + 1) { x[row] -= self[below, row] * x[below] }
            x[row] /= self[row, row]
        }
        return x
    }
}

extension SeededGenerator {
    /// A draw from the standard normal distribution (Box and Muller).
    mutating func normal() -> Double {
        // 1 − u is never 0.
        let radius = (-2 * log(1 - uniform01())).squareRoot()
        return radius * cos(2 * .pi * uniform01())
    }
}

import Calibration
import Gradients
import Testing

@testable import Factors

/// Orders in a metric of the outputs, against its definition.
struct MetricOrderTests {
    /// A metric of a few gradients that see some directions far more than others.
    private static func metric(_ width: Int, seed: UInt64) -> OutputMetric {
        var values = Values(seed)
        let metric = OutputMetric(width: width)
        let direction = values.array(width)
        for _ in 0..<30 {
            let along = 4 * values.next()
            let gradient = values.array(width).enumerated().map { 0.2 * $1 + along * direction[$0] }
            metric.add(gradient, count: 1)
        }
        return metric
    }

    /// Always the removal that leaves the least tr(M·ΔW·C·ΔWᵀ), M the damped metric and ΔW what the refit changes.
    private func expectedOrder(_ problem: Problem, _ metric: OutputMetric, ridge: Double) -> [Int] {
        let (covariance, outputs, columns) = (problem.covariance, problem.outputs, problem.columns)
        let shift = problem.shift(ridge, covariance)
        let mean = (0..<outputs).reduce(0.0) { $0 + metric.value($1, $1) } / Double(outputs)
        let zeros = [Double](repeating: 0, count: columns)
        func error(_ units: [Int]) -> Double {
            let size = problem.projection.unitSize
            let kept = units.sorted().flatMap { $0 * size..<($0 + 1) * size }
            let fit = problem.directFit(kept: kept, shift: shift, covariance: covariance, means: zeros).weights
            var change = problem.projection.weights.map(Double.init)
            for output in 0..<outputs {
                for (place, column) in kept.enumerated() {
                    change[output * columns + column] -= fit[output * kept.count + place]
                }
            }
            var total = 0.0
            for a in 0..<outputs {
                for b in 0..<outputs {
                    let weight =
                        metric.value(a, b) / mean + (a == b ? OutputProjection.metricDamping : 0)
                    for row in 0..<columns {
                        for column in 0..<columns {
                            let moment = covariance[row * columns + column] + (row == column ? shift : 0)
                            total += weight * change[a * columns + row] * moment * change[b * columns + column]
                        }
                    }
                }
            }
            return total
        }
        var left = Array(0..<problem.projection.units)
        var removed: [Int] = []
        while !left.isEmpty {
            let errors = left.map { unit in error(left.filter { $0 != unit }) }
            removed.append(left.remove(at: errors.indices.min { errors[$0] < errors[$1] } ?? 0))
        }
        return removed.reversed()
    }

    @Test(arguments: [1, 3], UInt64(1)...4)
    func surgeonCountsInTheMetric(unitSize: Int, seed: UInt64) {
        var problem = Problem(
            tokens: 60, columns: 9, outputs: 5, unitSize: unitSize, hasBias: false, seed: seed)
        let metric = Self.metric(5, seed: seed + 100)
        let plain = SurgeonOrder(ridge: 0.01).order(problem.projection, problem.moments)
        problem.projection.metric = metric
        let order = SurgeonOrder(ridge: 0.01).order(problem.projection, problem.moments)
        #expect(order == expectedOrder(problem, metric, ridge: 0.01))
        if unitSize == 1 { #expect(order != plain) }
    }

    @Test func aMetricThatIsNotOneChangesNothing() {
        var problem = Problem(tokens: 40, columns: 6, outputs: 4, unitSize: 1, hasBias: false)
        let plain = SurgeonOrder(ridge: 0.01).order(problem.projection, problem.moments)
        let broken = OutputMetric(width: 4)
        broken.add([.nan, 1, 1, 1], count: 1)
        for metric in [broken, OutputMetric(width: 4)] {
            problem.projection.metric = metric
            #expect(SurgeonOrder(ridge: 0.01).order(problem.projection, problem.moments) == plain)
        }
    }
}

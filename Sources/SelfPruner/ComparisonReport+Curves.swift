import Reporting

extension ComparisonReport {
    /// Best fitness so far on the last rung, by candidates: one line a candidate of each run.
    var curvesCSV: String {
        var table = CSV(header: ["proposer", "seed", "candidate", "best"])
        for run in runs {
            for (index, best) in run.search.bestSoFar.enumerated() {
                table.addRow([run.proposer, "\(run.seed)", "\(index + 1)", CSV.number(best)])
            }
        }
        return table.text
    }

    /// Means over seeds, with bands of one standard deviation. What is far above the best is left out and named: the
    /// differences that matter are small.
    var curvesSVG: String {
        let longest = runs.map(\.search.bestSoFar.count).max() ?? 1
        let all = proposers.map { ($0, Self.extended(meanCurve(of: $0), to: longest)) }
        let limit = (all.compactMap { $0.1.map(\.y).min() }.min() ?? 0) * Self.shownAbove
        var series: [LineChart.Series] = []
        var note = "mean of \(runs(of: proposers.first ?? "").count) seeds, band: ± 1 standard deviation"
        for (proposer, points) in all {
            let near = points.filter { $0.y <= limit }
            if near.isEmpty {
                note += "; off the scale: \(proposer)" + (points.last.map { ", \(NumberFormat.fixed($0.y, 3))" } ?? "")
            } else {
                series.append(LineChart.Series(name: proposer, points: near))
            }
        }
        var chart = LineChart(
            title: "Best fitness so far at rate \(rate)", xLabel: "candidates",
            yLabel: "\(fitness) on \(rungTokens.last ?? 0) tokens", series: series)
        chart.note = note
        chart.interpolation = .steps
        return chart.svg()
    }

    /// Times the best of all.
    private static let shownAbove = 1.1

    private func meanCurve(of proposer: String) -> [LineChart.Point] {
        let curves = runs(of: proposer).map(\.search.bestSoFar)
        return (0..<(curves.map(\.count).max() ?? 0)).compactMap { index in
            let values = curves.compactMap { curve in
                curve.indices.contains(index) ? curve[index] : curve.last ?? nil
            }
            guard values.count == curves.count else { return nil }
            let statistic = Statistic(values)
            return LineChart.Point(
                x: Double(index + 1), y: statistic.mean, low: statistic.mean - statistic.deviation,
                high: statistic.mean + statistic.deviation)
        }
    }

    /// A proposer that makes fewer candidates has the same best from there on.
    private static func extended(_ points: [LineChart.Point], to count: Int) -> [LineChart.Point] {
        guard var last = points.last, last.x < Double(count) else { return points }
        last.x = Double(count)
        return points + [last]
    }
}

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

    /// Means over seeds, with bands of one standard deviation.
    var curvesSVG: String {
        let longest = runs.map(\.search.bestSoFar.count).max() ?? 1
        var chart = LineChart(
            title: "Best fitness so far at rate \(rate)", xLabel: "candidates",
            yLabel: "\(fitness) on \(rungTokens.last ?? 0) tokens",
            series: proposers.map { proposer in
                let curves = runs(of: proposer).map(\.search.bestSoFar)
                let count = curves.map(\.count).max() ?? 0
                let points = (0..<max(count, 0)).compactMap { index -> LineChart.Point? in
                    let values = curves.compactMap { curve in
                        curve.indices.contains(index) ? curve[index] : curve.last ?? nil
                    }
                    guard values.count == curves.count else { return nil }
                    let statistic = Statistic(values)
                    return LineChart.Point(
                        x: Double(index + 1), y: statistic.mean, low: statistic.mean - statistic.deviation,
                        high: statistic.mean + statistic.deviation)
                }
                return LineChart.Series(name: proposer, points: Self.extended(points, to: longest))
            })
        chart.interpolation = .steps
        chart.note = "mean of \(runs(of: proposers.first ?? "").count) seeds, band: ± 1 standard deviation"
        return chart.svg()
    }

    /// A proposer that makes fewer candidates has the same best from there on.
    private static func extended(_ points: [LineChart.Point], to count: Int) -> [LineChart.Point] {
        guard var last = points.last, last.x < Double(count) else { return points }
        last.x = Double(count)
        return points + [last]
    }
}

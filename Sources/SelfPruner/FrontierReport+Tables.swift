import Foundation
import Reporting

extension FrontierReport {
    /// One row a rate and allocation.
    package var table: TextTable {
        var table = TextTable([
            .init("rate", .right), .init("allocation"), .init("parameters", .right), .init("in bfloat16", .right),
            .init("fitness (\(fitness))", .right), .init("perplexity", .right), .init("of dense", .right),
            .init("search, s", .right),
        ])
        for point in [dense] + points {
            table.addRow([
                point.rate == 0 ? "–" : NumberFormat.percent(point.rate), point.allocation,
                NumberFormat.count(point.parameters), "\(ByteCount(point.bfloat16Bytes))",
                NumberFormat.fixed(point.fitness, 4),
                "\(NumberFormat.fixed(point.perplexity, 2)) ± \(NumberFormat.fixed(point.perplexityStandardError, 2))",
                "×\(NumberFormat.fixed(point.perplexity / dense.perplexity, 2))",
                point.seconds.map { NumberFormat.fixed($0, 0) } ?? "–",
            ])
        }
        return table
    }

    package var markdown: String {
        """
        # Size and quality

        \(model), \(method), \(candidates) candidates by \(proposer) at each rate, rungs of \
        \(rungTokens.map { "\($0)" }.joined(separator: " → ")) tokens. Perplexity on \(perplexity.corpus), \
        \(perplexity.windows) windows of \(perplexity.sequenceLength) tokens, \(perplexity.precision).

        \(table.markdown())

        ![Perplexity by size](frontier.svg)

        """
    }

    var csv: String {
        var table = CSV(header: [
            "allocation", "rate", "removed", "parameters", "decoder_parameters", "bfloat16_bytes", "fitness",
            "perplexity", "perplexity_standard_error",
        ])
        for point in [dense] + points {
            table.addRow([
                point.allocation, CSV.number(point.rate), CSV.number(point.removed), "\(point.parameters)",
                "\(point.decoderParameters)", "\(point.bfloat16Bytes)", CSV.number(point.fitness),
                CSV.number(point.perplexity), CSV.number(point.perplexityStandardError),
            ])
        }
        return table.text
    }

    /// Perplexity by size; both curves begin at the whole model.
    var svg: String {
        let series = [("search", "searched"), ("uniform", "uniform")].compactMap { allocation, name in
            let curve = points.filter { $0.allocation == allocation }
            return curve.isEmpty
                ? nil
                : LineChart.Series(
                    name: name,
                    points: (curve + [dense]).sorted { $0.parameters < $1.parameters }.map {
                        LineChart.Point(
                            x: Double($0.parameters) / 1e6, y: $0.perplexity,
                            low: $0.perplexity - $0.perplexityStandardError,
                            high: $0.perplexity + $0.perplexityStandardError)
                    })
        }
        var chart = LineChart(
            title: "Size and quality of \(URL(fileURLWithPath: model).lastPathComponent)",
            xLabel: "parameters, millions", yLabel: "perplexity on \(perplexity.corpus)", series: series)
        chart.note = "band: ± 1 standard error; \(candidates) candidates a rate"
        chart.isLogarithmicY = true
        return chart.svg()
    }
}

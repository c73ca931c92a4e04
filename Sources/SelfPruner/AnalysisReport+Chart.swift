import Foundation
import Reporting

extension AnalysisReport {
    /// Loss by depth, as an SVG document: blocks, their attentions and their MLPs removed, and half of the MLPs.
    var chartSVG: String {
        func curve(_ name: String, _ value: (Block) -> Double?) -> LineChart.Series? {
            let points = blocks.compactMap { block in
                value(block).map { LineChart.Point(x: Double(block.index), y: $0) }
            }
            return points.isEmpty ? nil : LineChart.Series(name: name, points: points)
        }
        func gone(_ levels: [Level]) -> Double? { levels.count > 1 ? levels[0].loss : nil }
        func half(_ levels: [Level]) -> Double? {
            levels.count > 1 ? levels.min { abs($0.rate - 0.5) < abs($1.rate - 0.5) }?.loss : nil
        }
        let series = [
            curve("without the block") { $0.loss }, curve("without its MLP") { gone($0.mlp) },
            curve("without its attention") { gone($0.attention) }, curve("half of its MLP") { half($0.mlp) },
        ].compactMap { $0 }
        var chart = LineChart(
            title: "What each block is worth", xLabel: "block",
            yLabel: fitness == "kl" ? "KL, nats per token" : "added nats per token", series: series)
        chart.note = "\(URL(fileURLWithPath: model).lastPathComponent), \(tokens) tokens of \(text)"
        chart.isLogarithmicY = true
        return chart.svg()
    }

    /// Writes the chart to a file.
    /// - Throws: `SelfPrunerError.outputNotWritable`.
    public func writeChart(to path: String) throws(SelfPrunerError) { try writeFile(path, Data(chartSVG.utf8)) }

    /// Writes the report as JSON to a file.
    /// - Throws: `SelfPrunerError.outputNotWritable`.
    public func write(to path: String) throws { try writeFile(path, JSONOutput.encode(self)) }
}

/// - Throws: `SelfPrunerError.outputNotWritable`.
func writeFile(_ path: String, _ data: Data) throws(SelfPrunerError) {
    do {
        try data.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
        throw SelfPrunerError(.outputNotWritable, "The file \(path) cannot be written: \(reason(of: error))")
    }
}

extension LineChart {
    /// The chart as an SVG document: no scripts, no links, no fonts of its own, the same text for the same chart.
    ///
    /// The background is white, so that it reads the same on a page of any colour. Colours are those of Okabe and Ito
    /// (2008), which people with any kind of colour vision tell apart; a curve after the seventh is dashed as well.
    ///
    /// - Parameters:
    ///   - width: In pixels, at least 240.
    ///   - height: In pixels, at least 160.
    package func svg(width: Int = 760, height: Int = 440) -> String {
        ChartDrawing(chart: self, width: Double(max(width, 240)), height: Double(max(height, 160))).text
    }
}

/// One drawing of a chart at one size. Coordinates are pixels from the upper left.
private struct ChartDrawing {
    private let chart: LineChart
    private let width: Double
    private let height: Double
    private let x: ChartAxis
    private let y: ChartAxis
    private let legend: [[LegendItem]]
    private let plot: Frame

    private struct LegendItem {
        let series: Int
        let name: String
        let left: Double
    }

    private struct Frame {
        let left, top, right, bottom: Double
    }

    /// All of the palette but its yellow, which is faint on white.
    private static let colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
    private static let dashes = ["", "7 3", "2 3", "9 3 2 3"]
    private static let fontSize = 12.0
    private static let titleSize = 15.0
    private static let margin = 16.0
    private static let swatch = 22.0
    private static let legendLine = 19.0

    init(chart: LineChart, width: Double, height: Double) {
        self.chart = chart
        self.width = width
        self.height = height
        let points = chart.series.flatMap(\.points).filter { Self.canShow($0, chart) }
        let ends = points.flatMap { [$0.y] + [$0.low, $0.high].compactMap { $0 } }
        x = ChartAxis(values: points.map(\.x), tickCount: max(2, Int(width / 110)))
        y = ChartAxis(
            values: ends.filter { ChartAxis.canShow($0, isLogarithmic: chart.isLogarithmicY) },
            isLogarithmic: chart.isLogarithmicY, padding: 0.04, tickCount: max(2, Int(height / 65)))
        let tickWidth = y.ticks.map { Self.textWidth($0.label) }.max() ?? 0
        let left = Self.margin + (chart.yLabel.isEmpty ? 0 : 20) + tickWidth + 8
        // Half of the last label may stand out on the right.
        let right = width - Self.margin - 8
        legend = Self.legend(of: chart, from: left, to: right)
        var top = Self.margin
        if !chart.title.isEmpty { top += Self.titleSize + 5 }
        if !chart.note.isEmpty { top += Self.fontSize + 5 }
        top += Double(legend.count) * Self.legendLine + 8
        let bottom = height - Self.margin - Self.fontSize - 8 - (chart.xLabel.isEmpty ? 0 : Self.fontSize + 7)
        plot = Frame(left: left, top: top, right: max(right, left + 10), bottom: max(bottom, top + 10))
    }

    var text: String {
        let size = "\(Self.number(width))\" height=\"\(Self.number(height))"
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(size)\" "
                + "viewBox=\"0 0 \(Self.number(width)) \(Self.number(height))\" role=\"img\" "
                + "font-family=\"system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\" "
                + "font-size=\"\(Self.number(Self.fontSize))\" fill=\"#333333\">",
            "<title>\(Self.escaped(chart.title))</title>",
            "<desc>\(Self.escaped(description))</desc>",
            "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
        ]
        lines += heading + axes
        // Bands below all lines, so that none is hidden by another's band.
        for index in chart.series.indices { lines += band(of: index) }
        for index in chart.series.indices { lines += curve(of: index) }
        return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    private var description: String {
        "\(chart.yLabel) by \(chart.xLabel): " + chart.series.map(\.name).joined(separator: ", ")
    }

    // MARK: Text around the plot

    private var heading: [String] {
        var lines: [String] = []
        var baseline = Self.margin
        if !chart.title.isEmpty {
            baseline += Self.titleSize - 2
            lines.append(
                Self.label(
                    Self.fitting(chart.title, width - plot.left, Self.titleSize), x: plot.left, y: baseline,
                    " font-size=\"\(Self.number(Self.titleSize))\" font-weight=\"600\" fill=\"#111111\""))
            baseline += 7
        }
        if !chart.note.isEmpty {
            baseline += Self.fontSize - 2
            lines.append(
                Self.label(Self.fitting(chart.note, width - plot.left), x: plot.left, y: baseline, " fill=\"#666666\""))
            baseline += 7
        }
        for row in legend {
            let middle = baseline + Self.legendLine / 2
            for item in row {
                lines.append(
                    "<line x1=\"\(Self.number(item.left))\" y1=\"\(Self.number(middle))\" "
                        + "x2=\"\(Self.number(item.left + Self.swatch))\" y2=\"\(Self.number(middle))\" "
                        + "\(Self.stroke(item.series))/>")
                lines.append(
                    Self.label(item.name, x: item.left + Self.swatch + 6, y: middle + 4))
            }
            baseline += Self.legendLine
        }
        return lines
    }

    private var axes: [String] {
        var lines: [String] = []
        let left = Self.number(plot.left)
        let right = Self.number(plot.right)
        let bottom = Self.number(plot.bottom)
        for tick in y.ticks {
            let level = place(y: tick.value)
            lines.append(
                "<path d=\"M\(left) \(Self.number(level))H\(right)\" stroke=\"#e5e5e5\" stroke-width=\"1\"/>")
            lines.append(Self.label(tick.label, x: plot.left - 8, y: level + 4, " text-anchor=\"end\""))
        }
        lines.append("<path d=\"M\(left) \(bottom)H\(right)\" stroke=\"#888888\" stroke-width=\"1\"/>")
        for tick in x.ticks {
            let place = place(x: tick.value)
            lines.append(
                "<path d=\"M\(Self.number(place)) \(bottom)v4\" stroke=\"#888888\" stroke-width=\"1\"/>")
            lines.append(
                Self.label(tick.label, x: place, y: plot.bottom + Self.fontSize + 7, " text-anchor=\"middle\""))
        }
        if !chart.xLabel.isEmpty {
            lines.append(
                Self.label(
                    chart.xLabel, x: (plot.left + plot.right) / 2, y: height - Self.margin + 3,
                    " text-anchor=\"middle\""))
        }
        if !chart.yLabel.isEmpty {
            let middle = Self.number((plot.top + plot.bottom) / 2)
            let column = Self.number(Self.margin + Self.fontSize - 2)
            lines.append(
                "<text transform=\"translate(\(column) \(middle)) rotate(-90)\" text-anchor=\"middle\">"
                    + "\(Self.escaped(chart.yLabel))</text>")
        }
        if !chart.series.contains(where: { $0.points.contains { Self.canShow($0, chart) } }) {
            lines.append(
                Self.label(
                    "no data", x: (plot.left + plot.right) / 2, y: (plot.top + plot.bottom) / 2,
                    " text-anchor=\"middle\" fill=\"#888888\""))
        }
        return lines
    }

    // MARK: Curves

    private func curve(of index: Int) -> [String] {
        let runs = Self.runs(chart.series[index].points) { Self.canShow($0, chart) }
        return runs.map { run in
            let places = vertices(run.map { (place(x: $0.x), place(y: $0.y)) })
            if run.count == 1, let (x, y) = places.first {
                return "<circle cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" r=\"3\" "
                    + "fill=\"\(Self.colour(index))\"/>"
            }
            return "<polyline points=\"\(Self.path(places))\" fill=\"none\" stroke-linejoin=\"round\" "
                + "\(Self.stroke(index))/>"
        }
    }

    private func band(of index: Int) -> [String] {
        let runs = Self.runs(chart.series[index].points) { point in
            guard Self.canShow(point, chart), let low = point.low, let high = point.high else { return false }
            // An end below a logarithmic axis is drawn at its foot.
            return !low.isNaN && !high.isNaN && low <= high
        }
        return runs.filter { $0.count > 1 }.map { run in
            let upper = vertices(run.map { (place(x: $0.x), place(y: $0.high ?? $0.y)) })
            let lower = vertices(run.map { (place(x: $0.x), place(y: $0.low ?? $0.y)) })
            return "<polygon points=\"\(Self.path(upper)) \(Self.path(lower.reversed()))\" "
                + "fill=\"\(Self.colour(index))\" fill-opacity=\"0.16\"/>"
        }
    }

    /// The corners of the line through `places`.
    private func vertices(_ places: [(Double, Double)]) -> [(Double, Double)] {
        guard chart.interpolation == .steps, let first = places.first else { return places }
        return [first]
            + zip(places, places.dropFirst()).flatMap { before, after in
                [(after.0, before.1), after]
            }
    }

    private func place(x value: Double) -> Double {
        plot.left + x.position(value) * (plot.right - plot.left)
    }

    private func place(y value: Double) -> Double {
        plot.bottom - y.position(value) * (plot.bottom - plot.top)
    }

    private static func canShow(_ point: LineChart.Point, _ chart: LineChart) -> Bool {
        ChartAxis.canShow(point.x, isLogarithmic: false)
            && ChartAxis.canShow(point.y, isLogarithmic: chart.isLogarithmicY)
    }

    /// The longest runs of points that all are `included`.
    private static func runs(
        _ points: [LineChart.Point], _ included: (LineChart.Point) -> Bool
    ) -> [[LineChart.Point]] {
        points.split { !included($0) }.map(Array.init)
    }

    // MARK: Legend

    /// The names in rows that fit between `start` and `end`; none for a single curve without a name.
    private static func legend(of chart: LineChart, from start: Double, to end: Double) -> [[LegendItem]] {
        guard chart.series.contains(where: { !$0.name.isEmpty }) else { return [] }
        var rows: [[LegendItem]] = []
        var left = start
        for (index, series) in chart.series.enumerated() {
            let name = fitting(series.name, end - start - swatch - 6)
            let itemWidth = swatch + 6 + textWidth(name)
            if rows.isEmpty || left + itemWidth > end, left > start || rows.isEmpty {
                rows.append([])
                left = start
            }
            rows[rows.count - 1].append(LegendItem(series: index, name: name, left: left))
            left += itemWidth + 18
        }
        return rows
    }

    /// About how wide `text` is: no font is known here, and digits of common ones are 0.56 of their size.
    private static func textWidth(_ text: String) -> Double {
        Double(DisplayWidth.of(text)) * fontSize * 0.58
    }

    /// The beginning of `text` that is about as wide as `room`.
    private static func fitting(_ text: String, _ room: Double, _ size: Double = fontSize) -> String {
        DisplayWidth.truncating(text, to: max(1, Int(room / (size * 0.58))))
    }

    // MARK: Writing

    private static func colour(_ series: Int) -> String {
        colours[series % colours.count]
    }

    private static func stroke(_ series: Int) -> String {
        let dash = dashes[series / colours.count % dashes.count]
        return "stroke=\"\(colour(series))\" stroke-width=\"2\"" + (dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\"")
    }

    private static func label(_ text: String, x: Double, y: Double, _ attributes: String = "") -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\"\(attributes)>\(escaped(text))</text>"
    }

    /// Coordinates for `points`, without those in the middle of a level stretch.
    private static func path(_ places: some Collection<(Double, Double)>) -> String {
        var written: [(x: String, y: String)] = []
        for (x, y) in places {
            let point = (x: number(x), y: number(y))
            if let last = written.last, last.y == point.y, written.count > 1, written[written.count - 2].y == point.y {
                written[written.count - 1] = point
            } else {
                written.append(point)
            }
        }
        return written.map { "\($0.x),\($0.y)" }.joined(separator: " ")
    }

    /// A tenth of a pixel is finer than anybody sees.
    private static func number(_ value: Double) -> String {
        let text = NumberFormat.fixed(value, 1)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// `text` as XML character data or an attribute's value; characters that XML does not allow become spaces.
    private static func escaped(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;".unicodeScalars
            case "<": escaped += "&lt;".unicodeScalars
            case ">": escaped += "&gt;".unicodeScalars
            case "\"": escaped += "&quot;".unicodeScalars
            case "'": escaped += "&#39;".unicodeScalars
            case _ where scalar.properties.generalCategory == .control: escaped.append(" ")
            case "\u{FFFE}", "\u{FFFF}": escaped.append(" ")
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}

import Foundation
import Testing

@testable import Reporting

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// The elements of an XML document, in order; nil where it is not well-formed.
private final class Document: NSObject, XMLParserDelegate {
    struct Element {
        let name: String
        let attributes: [String: String]
        var text = ""
    }

    private(set) var elements: [Element] = []
    private var open: [Int] = []

    init?(_ text: String) {
        super.init()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = self
        guard parser.parse() else { return nil }
    }

    func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }
    var texts: [String] { all("text").map(\.text) }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        open.append(elements.count)
        elements.append(Element(name: name, attributes: attributes))
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        open.removeLast()
    }

    func parser(_ parser: XMLParser, foundCharacters characters: String) {
        if let index = open.last { elements[index].text += characters }
    }
}

private func chart(_ series: [LineChart.Series], isLogarithmicY: Bool = false) -> LineChart {
    var chart = LineChart(title: "Best so far", xLabel: "candidates", yLabel: "KL", series: series)
    chart.isLogarithmicY = isLogarithmicY
    return chart
}

private func series(_ name: String, _ values: [Double], band: Double? = nil) -> LineChart.Series {
    LineChart.Series(
        name: name,
        points: values.enumerated().map { index, y in
            LineChart.Point(x: Double(index), y: y, low: band.map { y - $0 }, high: band.map { y + $0 })
        })
}

@Suite struct LineChartTests {
    @Test func linesBandsLegendAndLabels() throws {
        var chart = chart([series("self", [3, 2, 1], band: 0.5), series("evolution", [3, 2.5, 2])])
        chart.note = "mean; band: min to max"
        let document = try #require(Document(chart.svg()))
        #expect(document.all("polyline").map { $0.attributes["stroke"] } == ["#0072B2", "#D55E00"])
        #expect(document.all("polygon").map { $0.attributes["fill"] } == ["#0072B2"])
        #expect(document.all("line").count == 2, "one swatch a name")
        let expected = [
            "Best so far", "mean; band: min to max", "self", "evolution", "candidates", "KL", "0.0", "0.5", "3.0",
        ]
        for text in expected { #expect(document.texts.contains(text), "\(document.texts)") }
        let background = try #require(document.all("rect").first)
        #expect(background.attributes["fill"] == "#ffffff" && background.attributes["width"] == "100%")
        #expect(document.all("script").isEmpty)
    }

    @Test func aSmallChartIsWrittenLikeThis() {
        let chart = LineChart(title: "", xLabel: "", yLabel: "", series: [series("", [0, 1])])
        #expect(
            chart.svg(width: 240, height: 160) == """
                <svg xmlns="http://www.w3.org/2000/svg" width="240" height="160" viewBox="0 0 240 160" role="img" \
                font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="12" fill="#333333">
                <title></title>
                <desc> by : </desc>
                <rect width="100%" height="100%" fill="#ffffff"/>
                <path d="M44.9 120.3H216" stroke="#e5e5e5" stroke-width="1"/>
                <text x="36.9" y="124.3" text-anchor="end">0.0</text>
                <path d="M44.9 74H216" stroke="#e5e5e5" stroke-width="1"/>
                <text x="36.9" y="78" text-anchor="end">0.5</text>
                <path d="M44.9 27.7H216" stroke="#e5e5e5" stroke-width="1"/>
                <text x="36.9" y="31.7" text-anchor="end">1.0</text>
                <path d="M44.9 124H216" stroke="#888888" stroke-width="1"/>
                <path d="M44.9 124v4" stroke="#888888" stroke-width="1"/>
                <text x="44.9" y="143" text-anchor="middle">0.0</text>
                <path d="M130.4 124v4" stroke="#888888" stroke-width="1"/>
                <text x="130.4" y="143" text-anchor="middle">0.5</text>
                <path d="M216 124v4" stroke="#888888" stroke-width="1"/>
                <text x="216" y="143" text-anchor="middle">1.0</text>
                <polyline points="44.9,120.3 216,27.7" fill="none" stroke-linejoin="round" stroke="#0072B2" \
                stroke-width="2"/>
                </svg>

                """)
    }

    @Test func textsAreEscapedAndCut() throws {
        let hostile = "<b> & \"q\" 'a' ]]> \u{1B}[2J\u{0}\u{FFFE} é"
        var chart = chart([series(hostile, [1, 2])])
        chart.title = hostile
        let document = try #require(Document(chart.svg()))
        #expect(document.texts.contains("<b> & \"q\" 'a' ]]>  [2J   é"), "\(document.texts)")
        chart.title = String(repeating: "long ", count: 100)
        chart.series[0].name = chart.title
        let narrow = try #require(Document(chart.svg(width: 240, height: 160)))
        #expect(narrow.texts.allSatisfy { $0.count < 60 })
        #expect(narrow.texts.count { $0.hasSuffix("…") } == 2)
    }

    @Test(arguments: [true, false]) func nothingToShow(isLogarithmicY: Bool) throws {
        for empty in [[], [series("none", [])], [series("no number", [.nan, .infinity, -.infinity])]] {
            let document = try #require(Document(chart(empty, isLogarithmicY: isLogarithmicY).svg()))
            #expect(document.texts.contains("no data"))
            #expect(document.all("polyline").isEmpty && document.all("circle").isEmpty)
        }
    }

    @Test(arguments: [true, false]) func aSinglePointIsADot(isLogarithmicY: Bool) throws {
        let document = try #require(
            Document(chart([series("one", [0.5], band: 0.1)], isLogarithmicY: isLogarithmicY).svg()))
        #expect(document.all("circle").count == 1 && document.all("polyline").isEmpty)
        #expect(!document.texts.contains("no data"))
    }

    @Test func missingValuesAreGaps() throws {
        let document = try #require(Document(chart([series("gaps", [.infinity, 3, 2, .nan, 1.5, 1])]).svg()))
        #expect(document.all("polyline").count == 2)
        // Neither is a logarithm of nothing.
        let logarithmic = try #require(
            Document(chart([series("gaps", [100, 10, 0, 5, -1, 2, 1])], isLogarithmicY: true).svg()))
        #expect(logarithmic.all("polyline").count == 2 && logarithmic.all("circle").count == 1)
    }

    @Test(arguments: [1e-300, 1e-12, 1, 1e12, 1e140, 1e308, .greatestFiniteMagnitude], [true, false])
    func everythingIsInsideThePicture(magnitude: Double, isLogarithmicY: Bool) throws {
        let values = [1, 0.3, 0.3000001, 0.1, -1, 0].map { $0 * magnitude }
        let text = chart([series("x", values, band: magnitude)], isLogarithmicY: isLogarithmicY).svg()
        let document = try #require(Document(text))
        #expect(!text.contains("nan") && !text.contains("inf"))
        for element in document.all("polyline") + document.all("polygon") {
            for point in (element.attributes["points"] ?? "").split(separator: " ") {
                let place = point.split(separator: ",").compactMap { Double($0) }
                #expect(place.count == 2 && (0...760).contains(place[0]) && (0...440).contains(place[1]), "\(point)")
            }
        }
        #expect(document.texts.count < 60)
    }

    @Test func stepsHoldAValueUntilTheNext() throws {
        var chart = chart([series("steps", [2, 1])])
        chart.interpolation = .steps
        let document = try #require(Document(chart.svg()))
        let points = try #require(document.all("polyline").first?.attributes["points"]).split(separator: " ")
            .map { $0.split(separator: ",") }
        try #require(points.count == 3)
        #expect(points[0][1] == points[1][1] && points[1][0] == points[2][0])
    }

    @Test func levelStretchesTakeTwoPoints() throws {
        let flat = Array(repeating: 2.0, count: 1000) + Array(repeating: 1.0, count: 1000)
        let document = try #require(Document(chart([series("flat", flat)]).svg()))
        let points = try #require(document.all("polyline").first?.attributes["points"]).split(separator: " ")
        #expect(points.count == 4)
    }

    @Test func coloursRepeatDashed() throws {
        let document = try #require(Document(chart((0..<9).map { series("\($0)", [Double($0), 0]) }).svg()))
        let lines = document.all("polyline")
        #expect(lines[7].attributes["stroke"] == lines[0].attributes["stroke"])
        #expect(lines[0].attributes["stroke-dasharray"] == nil && lines[7].attributes["stroke-dasharray"] == "7 3")
        #expect(Set(lines.prefix(7).map { $0.attributes["stroke"] }).count == 7)
    }

    @Test func theSameChartIsTheSameText() {
        let chart = chart([series("a", [3, 1, 2], band: 0.2), series("b", [1, 2, 3])])
        #expect(chart.svg() == chart.svg())
    }
}

@Suite struct ChartAxisTests {
    private func labels(_ values: [Double], isLogarithmic: Bool = false) -> [String] {
        ChartAxis(values: values, isLogarithmic: isLogarithmic, tickCount: 5).ticks.map(\.label)
    }

    @Test func ticksAreRound() {
        #expect(labels([0, 430]) == ["0", "100", "200", "300", "400"])
        #expect(labels([0.31, 1.306]) == ["0.4", "0.6", "0.8", "1.0", "1.2"])
        #expect(labels([-1, 1]) == ["-1.0", "-0.5", "0.0", "0.5", "1.0"])
        #expect(labels([0, 3e8]) == ["0", "5e+07", "1e+08", "1.5e+08", "2e+08", "2.5e+08", "3e+08"])
        #expect(labels([0, 4e-7]) == ["0", "1e-07", "2e-07", "3e-07", "4e-07"])
    }

    @Test func logarithmicTicks() {
        #expect(labels([12, 90000], isLogarithmic: true) == ["100", "1000", "10000"])
        #expect(labels([0.6, 30], isLogarithmic: true) == ["1", "2", "5", "10", "20"])
        #expect(labels([0.52, 0.98], isLogarithmic: true) == ["0.6", "0.7", "0.8", "0.9"])
    }

    @Test(arguments: [0.0, 5, -5, 1e100, 1e9 + 1]) func oneValueIsInTheMiddle(value: Double) {
        let axis = ChartAxis(values: [value], tickCount: 5)
        #expect(abs(axis.position(value) - 0.5) < 1e-6)
        #expect(!axis.ticks.isEmpty)
    }

    @Test(arguments: [(1e9, 1e9 + 10), (1e12, 1e12 + 1), (0.1, 0.1 + 1e-9), (-1e150, 1e150), (1e-150, 1e150)])
    func labelsTellTicksApart(low: Double, high: Double) {
        for isLogarithmic in [false, true] where low > 0 || !isLogarithmic {
            let labels = labels([low, high], isLogarithmic: isLogarithmic)
            #expect(!labels.isEmpty && labels.count < 25 && Set(labels).count == labels.count, "\(labels)")
        }
    }
}

import Testing

@testable import Reporting

@Suite struct SparklineTests {
    private func text(
        _ values: [Double], width: Int = 40, isUnicode: Bool = true, scale: Sparkline.Scale = .linear
    ) -> String {
        Sparkline.text(values: values, width: width, isUnicode: isUnicode, scale: scale)
    }

    @Test func everyHeight() {
        let values = (0...7).map(Double.init)
        #expect(text(values) == "▁▂▃▄▅▆▇█")
        #expect(text(values.reversed(), isUnicode: false) == "#*+=-:. ")
        #expect(text([-3, 4, 0.5]) == "▁█▅")
    }

    @Test func aColumnShowsTheSmallestOfItsValues() {
        #expect(text([9, 1, 5, 9, 2, 9], width: 3) == "▁█▃")
        // 0 at every hundredth of 1000 values: seen in each of ten columns, and as the only low one of a hundred.
        let spikes = (0..<1000).map { $0 % 100 == 99 ? 0.0 : 1.0 }
        #expect(text(spikes, width: 10) == "▄▄▄▄▄▄▄▄▄▄")
        #expect(text(spikes, width: 100).count { $0 == "▁" } == 10)
    }

    @Test func logarithmicHeightsAreOfRatios() {
        #expect(text([1, 10, 100]) == "▁▂█")
        #expect(text([1, 10, 100], scale: .logarithmic) == "▁▅█")
        #expect(text([0, 1, 100, -5], scale: .logarithmic) == "▁▁█▁")
        #expect(text([0, -1], scale: .logarithmic) == "▄▄")
    }

    @Test func whatIsNotFiniteIsLeftOut() {
        #expect(text([.infinity, .nan, 2, 1, -.infinity]) == "█▁")
        #expect(text([.infinity, .nan]) == "")
    }

    @Test func emptySingleAndEqual() {
        #expect(text([]) == "")
        #expect(text([5]) == "▄")
        #expect(text([5, 5, 5], isUnicode: false) == "---")
        #expect(text([1, 2], width: 0) == "")
        #expect(text([1, 2], width: -1) == "")
    }

    @Test(arguments: [Double.greatestFiniteMagnitude, .leastNonzeroMagnitude])
    func extremesDoNotTrap(value: Double) {
        #expect(text([-value, 0, value]).count == 3)
        #expect(text([-value, 0, value], scale: .logarithmic).count == 3)
    }

    @Test(arguments: 1...60) func neverWiderThanAsked(width: Int) {
        for count in [1, width - 1, width, width + 1, 7 * width + 3] where count > 0 {
            let bars = text((0..<count).map { Double($0 * 37 % 11) }, width: width)
            #expect(bars.count == min(count, width))
            #expect(DisplayWidth.of(bars) == bars.count)
        }
    }
}

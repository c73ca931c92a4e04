import Testing

@testable import Reporting

@Suite struct BarTests {
    @Test func lengths() {
        #expect(Bar.text(1, width: 3, isUnicode: true) == "███")
        #expect(Bar.text(0.5, width: 3, isUnicode: true) == "█▌")
        #expect(Bar.text(0.5, width: 4, isUnicode: false) == "##")
        #expect(Bar.text(1.0 / 24, width: 3, isUnicode: true) == "▏")
        for fraction in [0, -1, -Double.infinity, Double.nan] {
            #expect(Bar.text(fraction, width: 3, isUnicode: true) == "")
        }
        #expect(Bar.text(.infinity, width: 2, isUnicode: true) == "██")
        #expect(Bar.text(1, width: -1, isUnicode: true) == "")
    }

    @Test func logarithms() {
        let fractions = Bar.logarithmicFractions([8, 4, 2, 1])
        #expect(fractions[0] == 1)
        for index in 1..<4 { #expect(abs(fractions[index - 1] - fractions[index] - 0.25) < 1e-12) }
        // Not further down than four decades.
        #expect(Bar.logarithmicFractions([1, 1e-2, 1e-9, 0, -1, .nan]) == [1, 0.5, 0, 0, 0, 0])
        #expect(Bar.logarithmicFractions([1, .infinity]) == [1, 1])
        #expect(Bar.logarithmicFractions([0, .nan]) == [0, 0])
    }
}

import Testing

@testable import Reporting

@Suite struct NumberFormatTests {
    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (1_234_567, "1.23 MB"), (271_000_000, "271 MB"),
        (999_499, "999 kB"), (999_500, "1.00 MB"), (12_345_678_901, "12.3 GB"), (-1500, "-1.50 kB"),
        (Int.max, "9.22 EB"), (Int.min, "-9.22 EB"),
    ])
    func bytes(_ bytes: Int, _ expected: String) {
        #expect(ByteCount(bytes).description == expected)
    }

    @Test(arguments: [
        (0, "0"), (960, "960"), (12_300_000, "12.3 M"), (134_515_008, "135 M"), (1_100_048_384, "1.10 B"),
    ])
    func counts(_ count: Int, _ expected: String) {
        #expect(NumberFormat.count(count) == expected)
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (134_515_008, "134,515,008"), (-1234, "-1,234")])
    func grouped(_ value: Int, _ expected: String) {
        #expect(NumberFormat.grouped(value) == expected)
    }

    @Test(arguments: [
        (Duration.zero, "0 ms"), (.milliseconds(350), "350 ms"), (.microseconds(999_600), "1.0 s"),
        (.milliseconds(12_340), "12.3 s"), (.milliseconds(59_960), "1m 00s"), (.seconds(83), "1m 23s"),
        (.milliseconds(3_599_600), "1h 00m"), (.seconds(7500), "2h 05m"), (.seconds(86400 * 3 + 4 * 3600 + 9), "3d 4h"),
        (.seconds(-83), "-1m 23s"),
    ])
    func durations(_ duration: Duration, _ expected: String) {
        #expect(NumberFormat.duration(duration) == expected)
    }

    @Test func fixedPoint() {
        #expect(NumberFormat.fixed(16.7249, 2) == "16.72")
        #expect(NumberFormat.fixed(-0.001, 2) == "0.00")
        #expect(NumberFormat.fixed(-0.01, 2) == "-0.01")
        #expect(NumberFormat.fixed(.nan, 2) == "nan")
        #expect(NumberFormat.fixed(-.infinity, 2) == "-inf")
        #expect(NumberFormat.percent(0.3049) == "30.5 %")
    }

    @Test func significantDigits() {
        #expect(NumberFormat.significant(9.996) == "10.0")
        #expect(NumberFormat.significant(99.96) == "100")
        #expect(NumberFormat.significant(0.012345) == "0.0123")
        #expect(NumberFormat.significant(123456) == "123456")
        #expect(NumberFormat.significant(0) == "0")
    }

    @Test func rates() {
        #expect(NumberFormat.rate(660.4, unit: "tokens") == "660 tokens/s")
        #expect(NumberFormat.rate(12.34) == "12.3/s")
        #expect(NumberFormat.rate(0.2375, unit: "candidates") == "4.21 s each")
        #expect(NumberFormat.rate(0, unit: "tokens") == "0 tokens/s")
    }
}

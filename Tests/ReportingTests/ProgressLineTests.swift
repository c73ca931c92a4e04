import Synchronization
import Testing

@testable import Reporting

/// A clock set by hand, and everything that was written.
private final class Desk: Sendable {
    private let time = Mutex(Duration.zero)
    private let written = Mutex("")

    var now: Duration { time.withLock { $0 } }
    var text: String { written.withLock { $0 } }

    func wait(_ duration: Duration) { time.withLock { $0 += duration } }
    func write(_ text: String) { written.withLock { $0 += text } }

    /// What was written since the last time.
    func take() -> String {
        written.withLock { text in
            defer { text = "" }
            return text
        }
    }

    func line(
        isTTY: Bool, total: Int? = 64, count: Int = 0, isKnownLong: Bool = false, columns: Int = 80
    ) -> ProgressLine {
        ProgressLine(
            stage: "calibrate", total: total, count: count, unit: "windows", isKnownLong: isKnownLong,
            terminal: Terminal(isTTY: isTTY, environment: ["COLUMNS": "\(columns)"]), now: { self.now },
            sink: { self.write($0) })
    }
}

@Suite struct ProgressLineTests {
    private let desk = Desk()

    @Test(arguments: [true, false]) func shortOperationsAreSilent(isTTY: Bool) {
        let line = desk.line(isTTY: isTTY)
        for _ in 0..<19 {
            desk.wait(.milliseconds(100))
            line.advance()
        }
        line.finish()
        #expect(desk.text == "")
    }

    @Test func redrawsInPlace() {
        let line = desk.line(isTTY: true)
        desk.wait(.seconds(4))
        line.update(count: 16, extra: "best 17.2")
        let first = "calibrate  16/64 windows  25 %  ·  4.00 windows/s  ·  12.0 s left  ·  best 17.2"
        #expect(desk.take() == "\r" + DisplayWidth.truncating(first, to: 79) + "\u{1B}[K")
        desk.wait(.milliseconds(50))
        line.update(count: 17)
        #expect(desk.take() == "", "drawn sooner than the eye can follow")
        desk.wait(.milliseconds(3950))
        line.update(count: 32, extra: "")
        #expect(desk.take() == "\rcalibrate  32/64 windows  50 %  ·  4.00 windows/s  ·  8.0 s left\u{1B}[K")
        desk.wait(.seconds(8))
        line.update(count: 64)
        _ = desk.take()
        line.finish()
        #expect(desk.take() == "\r\u{1B}[Kcalibrate  64/64 windows  100 %  ·  4.00 windows/s  ·  16.0 s\n")
        line.update(count: 1)
        line.finish()
        #expect(desk.take() == "")
    }

    @Test func plainLinesEveryTenSeconds() {
        let line = desk.line(isTTY: false, isKnownLong: true)
        #expect(desk.take() == "calibrate  0/64 windows  0 %\n")
        var lines = 0
        for _ in 0..<64 {
            desk.wait(.seconds(1))
            line.advance()
            lines += desk.take().isEmpty ? 0 : 1
        }
        #expect(lines == 6)
        line.finish("calibrated")
        #expect(desk.take() == "calibrated\n")
    }

    @Test func speedOfAContinuedOperationLeavesOutWhatWasDoneBefore() {
        let line = desk.line(isTTY: false, count: 32)
        desk.wait(.seconds(4))
        line.update(count: 40)
        #expect(desk.take() == "calibrate  40/64 windows  62 %  ·  2.00 windows/s  ·  12.0 s left\n")
    }

    @Test func bytesHaveUnitsOfTheirOwn() {
        let desk = desk
        let line = ProgressLine(
            stage: "download", total: 271_000_000, unit: "bytes", terminal: Terminal(isTTY: false, environment: [:]),
            now: { desk.now }, sink: { desk.write($0) })
        desk.wait(.seconds(10))
        line.update(count: 123_400_000)
        #expect(desk.take() == "download  123 MB/271 MB  46 %  ·  12.3 MB/s  ·  12.0 s left\n")
    }

    @Test func unknownTotal() {
        let line = desk.line(isTTY: false, total: nil)
        desk.wait(.seconds(10))
        line.update(count: 5)
        #expect(desk.take() == "calibrate  5 windows  ·  2.00 s each\n")
    }

    @Test func linesFitTheWindowAndHoldNoControlCharacters() {
        let line = desk.line(isTTY: true, columns: 20)
        desk.wait(.seconds(3))
        line.update(count: 0, extra: "a\u{1B}[2Jb\nc")
        #expect(desk.take() == "\rcalibrate  0/64 wi…\u{1B}[K")
        let plain = desk.line(isTTY: false, total: nil)
        desk.wait(.seconds(3))
        plain.update(count: 0, extra: "a\u{1B}[2Jb\nc")
        #expect(desk.take() == "calibrate  ·  a [2Jb c\n")
    }

    @Test func notesDoNotSpoilTheLine() {
        let line = desk.line(isTTY: true, total: nil, isKnownLong: true)
        _ = desk.take()
        line.note("a warning")
        #expect(desk.take() == "\r\u{1B}[Ka warning\n\rcalibrate\u{1B}[K")
        line.cancel()
        #expect(desk.take() == "\r\u{1B}[K")
    }

    @Test(arguments: [(Int.max, Int.min), (Int.min, Int.max), (Int.max, 0), (0, 0)])
    func extremeCountsDoNotTrap(count: Int, total: Int) {
        let line = desk.line(isTTY: false, total: total)
        desk.wait(.seconds(3))
        line.update(count: count)
        line.advance(by: Int.max)
        line.finish()
        #expect(desk.text.hasPrefix("calibrate"))
    }

    @Test func threadsMayShareALine() async {
        let line = desk.line(isTTY: false, total: 4000)
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<1000 { line.advance() } }
            }
        }
        desk.wait(.seconds(4))
        line.advance(by: 0)
        #expect(desk.take() == "calibrate  4000/4000 windows  100 %  ·  1000 windows/s  ·  0 ms left\n")
    }
}

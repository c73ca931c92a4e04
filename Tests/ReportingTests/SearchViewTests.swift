import Synchronization
import Testing

@testable import Reporting

/// A clock set by hand, and everything that was written.
private final class Desk: Sendable {
    private let time = Mutex(Duration.zero)
    private let written = Mutex("")

    func wait(_ duration: Duration) { time.withLock { $0 += duration } }

    /// What was written since the last time.
    func take() -> String {
        written.withLock { text in
            defer { text = "" }
            return text
        }
    }

    func takeLines() -> [String] { take().split(separator: "\n").map(String.init) }

    func view(isTTY: Bool, _ environment: [String: String] = ["NO_COLOR": "1", "LANG": "C.UTF-8"]) -> SearchView {
        SearchView(
            terminal: Terminal(isTTY: isTTY, environment: environment), now: { self.time.withLock { $0 } },
            sink: { text in self.written.withLock { $0 += text } })
    }
}

/// What a terminal shows of what was written: a screen that never scrolls and knows the few codes a view may use.
private struct Screen {
    private(set) var lines: [String] = [""]
    private var row = 0
    private var column = 0

    mutating func write(_ text: String) throws {
        var rest = Array(text.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\r": column = 0
            case "\n":
                row += 1
                column = 0
                if row == lines.count { lines.append("") }
            case "\u{1B}":
                try #require(rest.popFirst() == "[")
                let digits = rest.prefix { ("0"..."9").contains($0) }
                rest = rest.dropFirst(digits.count)
                let count = Int(String(String.UnicodeScalarView(digits))) ?? 0
                switch rest.popFirst() {
                case "A": row = max(0, row - max(1, count))
                case "K": lines[row] = String(lines[row].prefix(column))
                case "J":
                    lines[row] = String(lines[row].prefix(column))
                    lines.removeSubrange((row + 1)...)
                case "m": break
                case let other: Issue.record("unknown code \(String(describing: other))")
                }
            default:
                var characters = Array(lines[row])
                if column < characters.count {
                    characters[column] = Character(scalar)
                } else {
                    characters.append(Character(scalar))
                }
                lines[row] = String(characters)
                column += 1
            }
        }
    }
}

private func snapshot(operators: Int = 2) -> SearchSnapshot {
    var snapshot = SearchSnapshot(
        generation: 7, generations: 21, evaluated: 143, total: 430, secondsElapsed: 75.3, secondsLeft: 148,
        best: 0.6712,
        fitnessName: "kl", firstFitness: 1.306)
    snapshot.bestSoFar = [.infinity, 1.306, 1.1, 1, 0.9, 0.85, 0.7, 0.6712]
    snapshot.evaluatedPerRung = [143, 52, 12]
    let all = [
        SearchSnapshot.Operator(name: "self.crossover", proposed: 24, accepted: 2, rejected: 2, seconds: 6.21),
        SearchSnapshot.Operator(name: "evolution.mutate", proposed: 119, accepted: 30, rejected: 0, seconds: 0.02),
    ]
    snapshot.operators = (0..<operators).map { all[$0 % 2] }
    return snapshot
}

private let block = [
    "search   generation 7/21   143/430 candidates   1.90/s   2m 28s left",
    "best     0.6712 kl   (uniform 1.306)   █▆▅▄▃▁▁",
    "rungs    143 → 52 → 12",
    "operator          proposed  accepted  rejected  share   time",
    "self.crossover          24       8 %         2   17 %  6.2 s",
    "evolution.mutate       119      25 %         0   83 %  20 ms",
]

@Suite struct SearchViewTests {
    private let desk = Desk()

    @Test func redrawsInPlace() throws {
        let view = desk.view(isTTY: true)
        var screen = Screen()
        var now = snapshot()
        view.update(now)
        try screen.write(desk.take())
        #expect(screen.lines == block + [""])

        now.evaluated = 150
        desk.wait(.milliseconds(99))
        view.update(now)
        #expect(desk.take() == "", "drawn sooner than the eye can follow")

        desk.wait(.milliseconds(1))
        now.operators.removeLast()
        view.update(now)
        try screen.write(desk.take())
        #expect(screen.lines.count == block.count, "nothing of the longer block is left")
        #expect(screen.lines[0] == "search   generation 7/21   150/430 candidates   1.99/s   2m 28s left")
        #expect(screen.lines[4] == "self.crossover        24       8 %         2  100 %  6.2 s")
    }

    @Test func notesStayAboveTheBlock() throws {
        let view = desk.view(isTTY: true)
        var screen = Screen()
        view.note("early")
        view.update(snapshot())
        view.note("a\u{1B}[2J\nnote")
        view.note("another")
        try screen.write(desk.take())
        #expect(screen.lines == ["early", "a [2J note", "another"] + block + [""])
    }

    @Test(arguments: [true, false]) func theLastBlockStays(isCancelled: Bool) throws {
        let view = desk.view(isTTY: true)
        var screen = Screen()
        var now = snapshot()
        view.update(now)
        now.evaluated = 151
        view.update(now)
        let text = "stopped; run the same command to go on"
        if isCancelled { view.cancel(text) } else { view.finish(text) }
        try screen.write(desk.take())
        #expect(screen.lines[0].contains("151/430"), "the latest state is shown however soon it came")
        #expect(screen.lines.dropFirst() == block.dropFirst() + [text, ""])
        view.update(now)
        view.finish("again")
        view.cancel("again")
        #expect(desk.take() == "")
        view.note("later")
        #expect(desk.take() == "later\n")
    }

    @Test(arguments: [true, false]) func nothingWasShown(isTTY: Bool) {
        desk.view(isTTY: isTTY).finish()
        #expect(desk.take() == "")
        desk.view(isTTY: isTTY).cancel("stopped")
        #expect(desk.take() == "stopped\n")
    }

    @Test func coloursOnlyOnATerminalThatWantsThem() {
        func written(isTTY: Bool, _ environment: [String: String]) -> String {
            let view = desk.view(isTTY: isTTY, environment)
            view.update(snapshot())
            view.finish()
            return desk.take()
        }
        let colour = /\u{1B}\[[0-9;]*m/
        #expect(written(isTTY: true, [:]).contains(colour))
        #expect(!written(isTTY: true, ["NO_COLOR": "1"]).contains(colour))
        #expect(!written(isTTY: true, ["TERM": "dumb"]).contains("\u{1B}"))
        #expect(!written(isTTY: false, [:]).contains("\u{1B}"))
        #expect(!written(isTTY: false, [:]).contains("\r"))
    }

    @Test func asciiWhereTheLocaleIsNotUnicode() {
        for environment in [[:], ["LANG": "C"], ["LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"]] as [[String: String]] {
            let view = desk.view(isTTY: true, environment.merging(["LINES": "7", "COLUMNS": "60"]) { $1 })
            view.update(snapshot(operators: 9))
            #expect(desk.take().utf8.allSatisfy { $0 < 0x80 })
        }
    }

    @Test func threadsMayShareAView() async {
        let view = desk.view(isTTY: false)
        await withTaskGroup { group in
            for thread in 0..<4 {
                group.addTask {
                    for index in 0..<250 {
                        var now = snapshot()
                        now.best = 1 / Double(1 + index * 4 + thread)
                        view.update(now)
                    }
                }
            }
        }
        view.finish()
        let lines = desk.takeLines()
        #expect(lines.first?.contains("event=start") == true && lines.last?.contains("event=finish") == true)
        #expect(lines.count <= 1002 && lines.allSatisfy { $0.hasPrefix("search event=") })
    }
}

@Suite struct SearchBlockTests {
    private func lines(_ snapshot: SearchSnapshot, width: Int = 80, height: Int = 24, isStyled: Bool = false)
        -> [String]
    {
        let terminal = Terminal(
            isTTY: true, environment: isStyled ? ["LANG": "en.utf8"] : ["NO_COLOR": "1", "LANG": "en.utf8"])
        return SearchBlock(snapshot: snapshot, terminal: terminal, width: width, height: height).lines
    }

    @Test(arguments: 20...200) func noLineWraps(width: Int) {
        var long = snapshot(operators: 5)
        long.bestSoFar = (0..<1000).map { 1 / Double($0 + 1) }
        long.messages = [String(repeating: "message ", count: 40)]
        long.operators[0].name = String(repeating: "name.", count: 20)
        for isStyled in [false, true] {
            for snapshot in [snapshot(), long] {
                let lines = lines(snapshot, width: width, isStyled: isStyled)
                for line in lines { #expect(DisplayWidth.of(line) < width, "\(line)") }
                #expect(lines.allSatisfy { !$0.contains("\n") })
            }
        }
    }

    @Test(arguments: 1...30) func theBlockNeverFillsTheWindow(height: Int) {
        var snapshot = snapshot(operators: 12)
        snapshot.messages = ["one", "two", "three", "four"]
        let lines = lines(snapshot, height: height)
        #expect(lines.count <= max(1, height - 1))
        #expect(lines[0].hasPrefix("search"))
        // 3 lines above, a heading, 3 messages below.
        let room = height - 1
        if room >= 19 {
            #expect(lines.count == 19 && !lines.contains { $0.hasPrefix("…") })
        } else if room >= 9 {
            #expect(lines.count == room && lines.contains("… \(12 - (room - 8)) more"))
        }
        if room >= 6 { #expect(lines.suffix(3) == ["two", "three", "four"]) }
    }

    @Test func littleIsKnown() {
        var snapshot = SearchSnapshot(title: "", generation: 0, evaluated: 0, secondsElapsed: 0, fitnessName: "")
        #expect(lines(snapshot) == ["         generation 0   0 candidates", "best     none yet"])
        snapshot.best = .infinity
        snapshot.bestSoFar = [.infinity, .nan]
        #expect(lines(snapshot)[1] == "best     inf")
    }

    @Test func speedLeavesOutWhatWasDoneBefore() {
        var snapshot = SearchSnapshot(generation: 1, evaluated: 300, secondsElapsed: 50, fitnessName: "kl")
        snapshot.evaluatedBefore = 200
        #expect(lines(snapshot)[0] == "search   generation 1   300 candidates   2.00/s")
    }

    @Test(arguments: [Double.nan, .infinity, -1, 1e300]) func noTimeIsNoTime(seconds: Double) {
        var snapshot = snapshot()
        snapshot.secondsLeft = seconds
        snapshot.operators[0].seconds = seconds
        #expect(!lines(snapshot)[0].contains("left"))
        #expect(lines(snapshot)[4] == "self.crossover          24       8 %         2   17 %")
    }

    @Test(arguments: [Int.max, .min, 0]) func extremeCountsDoNotTrap(count: Int) {
        var snapshot = SearchSnapshot(
            generation: count, generations: count, evaluated: count, total: count, secondsElapsed: 1, fitnessName: "kl")
        snapshot.evaluatedBefore = 0 &- count
        snapshot.operators = Array(
            repeating: .init(name: "x", proposed: count, accepted: count, rejected: count, seconds: 0), count: 3)
        #expect(lines(snapshot).count == 6)
        var events = SearchEvents()
        _ = events.update(snapshot, at: .zero)
        snapshot.generation = 0 &- count
        snapshot.operators[0].rejected = 0 &- count
        _ = events.update(snapshot, at: .seconds(2))
        #expect(!events.update(snapshot, at: .seconds(4)).contains { $0.isEmpty })
    }

    @Test func fitnessHasFourDigits() {
        let expected: [(Double, String)] = [
            (0.67123, "0.6712"), (1.30649, "1.306"), (23.4567, "23.46"), (12345.6, "12346"), (0, "0"),
            (123_456_789, "1.235e+08"), (0.00001234, "1.234e-05"), (9.99996, "10.00"), (.nan, "nan"),
        ]
        for (value, text) in expected { #expect(SearchBlock.fitness(value) == text) }
    }
}

@Suite struct SearchEventsTests {
    private let desk = Desk()
    private let state = "generation=7/21 evaluated=143/430 elapsed=75.3 left=148.0"

    @Test func aNewBestIsAlwaysPrinted() {
        let view = desk.view(isTTY: false)
        var now = snapshot()
        view.update(now)
        #expect(desk.takeLines() == ["search event=start kl=0.6712 uniform=1.306 \(state)"])
        for best in [0.66, 0.65, 0.65, 0.7, .nan] {
            now.best = best
            view.update(now)
        }
        #expect(
            desk.takeLines() == [
                "search event=best kl=0.6600 uniform=1.306 \(state)",
                "search event=best kl=0.6500 uniform=1.306 \(state)",
            ])
    }

    @Test func otherEventsWaitForASecond() {
        let view = desk.view(isTTY: false)
        var now = snapshot()
        view.update(now)
        _ = desk.take()
        now.generation = 8
        now.messages = ["the endpoint\ndoes not answer"]
        now.operators[0].rejected += 9
        now.operators[1].rejected += 3
        desk.wait(.milliseconds(999))
        view.update(now)
        #expect(desk.take() == "")
        var lines: [String] = []
        for _ in 0..<50 {
            desk.wait(.milliseconds(100))
            view.update(now)
            let new = desk.takeLines()
            #expect(new.count <= 1)
            lines += new
        }
        #expect(
            lines == [
                "search event=message generation=8/21 evaluated=143/430 elapsed=75.3 left=148.0 "
                    + "text=the endpoint does not answer",
                "search event=generation kl=0.6712 uniform=1.306 \(state)",
                "search event=rejections new=12 self.crossover=9 evolution.mutate=3 generation=8/21 evaluated=143/430 "
                    + "elapsed=75.3 left=148.0",
            ])
    }

    @Test func fewRejectionsAreNoEvent() {
        let view = desk.view(isTTY: false)
        var now = snapshot()
        view.update(now)
        _ = desk.take()
        for _ in 0..<9 {
            now.operators[0].rejected += 1
            desk.wait(.seconds(5))
            view.update(now)
        }
        #expect(desk.take() == "")
        now.operators[0].rejected += 1
        view.update(now)
        #expect(desk.take().contains("new=10 self.crossover=10 "))
    }

    @Test func theEndLeavesNoMessageOut() {
        let view = desk.view(isTTY: false)
        var now = snapshot()
        view.update(now)
        now.messages = ["one", "two"]
        view.update(now)
        _ = desk.take()
        view.cancel("stopped; run the same command to go on")
        #expect(
            desk.takeLines() == [
                "search event=message \(state) text=one", "search event=message \(state) text=two",
                "search event=stop kl=0.6712 uniform=1.306 \(state)", "stopped; run the same command to go on",
            ])
    }

    @Test func namesAreSingleWords() {
        let view = desk.view(isTTY: false)
        var now = snapshot()
        now.title = "the search"
        now.fitnessName = " a=b\u{1B}\n"
        now.firstName = ""
        view.update(now)
        #expect(desk.take() == "the-search event=start a-b=0.6712 first=1.306 \(state)\n")
    }
}

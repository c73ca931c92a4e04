import Foundation

/// The lines that show a search on a terminal.
///
/// ```
/// search   generation 7/21   143/430 candidates   1.90/s   2m 28s left
/// best     0.6712 kl   (uniform 1.306)   ▇▅▄▃▃▂▂▂▁▁
/// rungs    143 → 52 → 12
/// operator        proposed  accepted  rejected  share   time
/// self.crossover        24       8 %         2   17 %  6.2 s
/// … 3 more
/// ```
///
/// `accepted` is a share of what was proposed, `share` one of all proposals.
struct SearchBlock {
    let snapshot: SearchSnapshot
    let terminal: Terminal
    /// Of the window. The last column stays free: filling it makes some terminals wrap.
    let width: Int
    /// Of the window. The last line stays free for the cursor.
    let height: Int

    private static let messageCount = 3
    private static let sparklineWidth = 8...40
    private static let gap = "   "

    var lines: [String] {
        let room = max(1, height - 1)
        var lines = [titleLine, bestLine] + (snapshot.evaluatedPerRung.count > 1 ? [rungsLine] : [])
        var messages = snapshot.messages.suffix(Self.messageCount).map(ProgressLine.singleLine)
        // What the user should know goes before the table, unless there is room for neither.
        if lines.count + messages.count > room { messages = [] }
        lines += table(lines: room - lines.count - messages.count)
        lines += messages
        return lines.prefix(room).map {
            DisplayWidth.truncating($0, to: max(1, width - 1), ellipsis: ellipsis)
        }
    }

    private var ellipsis: String { terminal.isUnicode ? "…" : "..." }

    private var titleLine: String {
        var parts = ["generation \(snapshot.generation)" + (snapshot.generations.map { "/\($0)" } ?? "")]
        parts.append("\(snapshot.evaluated)" + (snapshot.total.map { "/\($0)" } ?? "") + " candidates")
        let done = Double(snapshot.evaluated) - Double(snapshot.evaluatedBefore)
        if done > 0 && snapshot.secondsElapsed > 0 {
            parts.append(NumberFormat.rate(done / snapshot.secondsElapsed))
        }
        if let left = Self.duration(snapshot.secondsLeft) { parts.append(left + " left") }
        return label(ProgressLine.singleLine(snapshot.title)) + parts.joined(separator: Self.gap)
    }

    private var bestLine: String {
        let name = ProgressLine.singleLine(snapshot.fitnessName)
        let best =
            snapshot.best.map { terminal.bold(Self.fitness($0)) + (name.isEmpty ? "" : " " + name) } ?? "none yet"
        var line = label("best") + best
        if let first = snapshot.firstFitness {
            let firstName = ProgressLine.singleLine(snapshot.firstName)
            line += Self.gap + terminal.dim("(\(firstName) \(Self.fitness(first)))")
        }
        let room = min(width - 1 - DisplayWidth.of(line) - Self.gap.count, Self.sparklineWidth.upperBound)
        if room >= Self.sparklineWidth.lowerBound {
            let bars = Sparkline.text(
                values: snapshot.bestSoFar, width: room, isUnicode: terminal.isUnicode, scale: snapshot.scale)
            if !bars.isEmpty { line += Self.gap + terminal.green(bars) }
        }
        return line
    }

    private var rungsLine: String {
        label("rungs") + snapshot.evaluatedPerRung.map { "\($0)" }.joined(separator: terminal.isUnicode ? " → " : " > ")
    }

    /// A heading and as many operators as fit, the last line saying how many do not.
    private func table(lines room: Int) -> [String] {
        let operators = snapshot.operators
        guard !operators.isEmpty, room >= min(operators.count + 1, 3) else { return [] }
        let shown = operators.count + 1 <= room ? operators.count : room - 2
        let proposals = operators.reduce(0.0) { $0 + Double($1.proposed) }
        let heading = ["operator", "proposed", "accepted", "rejected", "share", "time"]
        let rows = operators.prefix(shown).map { row in
            [
                ProgressLine.singleLine(row.name), "\(row.proposed)",
                Self.share(row.accepted, of: Double(row.proposed)),
                "\(row.rejected)", Self.share(row.proposed, of: proposals), Self.duration(row.seconds) ?? "",
            ]
        }
        let widths = heading.indices.map { column in
            ([heading] + rows).reduce(0) { max($0, DisplayWidth.of($1[column])) }
        }
        let lines = ([heading] + rows).map { cells in
            let line = zip(cells, widths).enumerated().map { column, cell in
                column == 0 ? Self.padded(cell.0, to: cell.1) : Self.padded(cell.0, to: cell.1, isRight: true)
            }.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
        let more = operators.count - shown
        return [terminal.dim(lines[0])] + lines.dropFirst() + (more > 0 ? ["\(ellipsis) \(more) more"] : [])
    }

    private func label(_ text: String) -> String {
        let columns = max(DisplayWidth.of(ProgressLine.singleLine(snapshot.title)), "search".count)
        return terminal.dim(text) + String(repeating: " ", count: columns - min(columns, DisplayWidth.of(text)))
            + Self.gap
    }

    private static func padded(_ text: String, to width: Int, isRight: Bool = false) -> String {
        let padding = String(repeating: " ", count: max(0, width - DisplayWidth.of(text)))
        return isRight ? padding + text : text + padding
    }

    private static func share(_ part: Int, of whole: Double) -> String {
        whole > 0 ? NumberFormat.percent(Double(part) / whole, decimals: 0) : ""
    }

    /// Four significant digits; of very large and very small values in powers of ten.
    static func fitness(_ value: Double) -> String {
        guard value.isFinite, value != 0, !(1e-4..<1e7).contains(abs(value)) else {
            return NumberFormat.significant(value, digits: 4)
        }
        return String(format: "%.3e", value)
    }

    /// Nothing for what is no time, or longer than anybody waits.
    static func duration(_ seconds: Double?) -> String? {
        guard let seconds, seconds >= 0, seconds < 3.2e9 else { return nil }
        return NumberFormat.duration(.seconds(seconds))
    }
}

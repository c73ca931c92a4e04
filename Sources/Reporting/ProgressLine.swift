import Synchronization

/// How far a long operation is: on a terminal one line redrawn in place, elsewhere a plain line every ten seconds.
///
/// `calibrate  12/64 windows  19 %  ·  3.41 windows/s  ·  15.2 s left  ·  best 17.2`
///
/// Nothing is shown in the first two seconds, so that short operations stay silent, unless the operation is known to be
/// long. All methods may be called from any thread. The line moves only when `update` or `advance` is called. The sink
/// is called under the lock, so that lines never mix; it must not call back.
package final class ProgressLine: Sendable {
    /// Silence before the first line, for operations not known to be long.
    package static let delay = Duration.seconds(2)
    /// Between two drawings on a terminal.
    package static let redrawInterval = Duration.milliseconds(100)
    /// Between two plain lines.
    package static let plainInterval = Duration.seconds(10)

    private struct State {
        var stage: String
        var total: Int?
        var unit: String
        var count = 0
        var firstCount = 0
        var extra = ""
        var began: Duration
        var isLong: Bool
        var lastShown: Duration?
        var isLineDrawn = false
        var isFinished = false
    }

    private let terminal: Terminal
    private let now: @Sendable () -> Duration
    private let sink: @Sendable (String) -> Void
    private let state: Mutex<State>

    /// Begins the operation.
    ///
    /// - Parameters:
    ///   - stage: What is being done, in a word or two.
    ///   - total: The count at the end, if known.
    ///   - count: The count now, if the operation continues an earlier one.
    ///   - unit: What is counted, in the plural.
    ///   - isKnownLong: Show the line at once.
    ///   - now: A clock that never goes back, from any origin.
    ///   - sink: Takes text to write, newlines included.
    package init(
        stage: String, total: Int? = nil, count: Int = 0, unit: String = "", isKnownLong: Bool = false,
        terminal: Terminal = .standardError,
        now: @escaping @Sendable () -> Duration = ProgressLine.monotonicTime,
        sink: @escaping @Sendable (String) -> Void = Terminal.writeToStandardError
    ) {
        self.terminal = terminal
        self.now = now
        self.sink = sink
        state = Mutex(
            State(
                stage: stage, total: total, unit: unit, count: count, firstCount: count, began: now(),
                isLong: isKnownLong))
        state.withLock { show(&$0) }
    }

    /// Time since the process first asked.
    package static let monotonicTime: @Sendable () -> Duration = {
        let origin = ContinuousClock.now
        return { ContinuousClock.now - origin }
    }()

    /// Sets the count, and the text at the end of the line if given.
    package func update(count: Int, extra: String? = nil) {
        state.withLock { state in
            state.count = count
            if let extra { state.extra = extra }
            show(&state)
        }
    }

    /// Adds to the count, and sets the text at the end of the line if given.
    package func advance(by step: Int = 1, extra: String? = nil) {
        state.withLock { state in
            let (count, overflow) = state.count.addingReportingOverflow(step)
            if !overflow { state.count = count }
            if let extra { state.extra = extra }
            show(&state)
        }
    }

    /// Prints a whole line of text without spoiling the progress line.
    package func note(_ text: String) {
        state.withLock { state in
            sink(eraser(for: state) + text + "\n")
            guard state.isLineDrawn else { return }
            state.lastShown = nil
            show(&state)
        }
    }

    /// Ends the operation. If it was shown, a last line stays: `summary`, or the count and the time it took.
    ///
    /// Later updates show nothing.
    package func finish(_ summary: String? = nil) {
        state.withLock { state in
            guard !state.isFinished else { return }
            state.isFinished = true
            guard state.lastShown != nil else { return }
            let elapsed = now() - state.began
            let last = summary ?? Self.text(of: state, elapsed: elapsed, isFinal: true)
            sink(eraser(for: state) + Self.singleLine(last) + "\n")
            state.isLineDrawn = false
        }
    }

    /// Ends the operation without a word, removing the line from a terminal. For errors, which have their own.
    package func cancel() {
        state.withLock { state in
            guard !state.isFinished else { return }
            state.isFinished = true
            if state.isLineDrawn { sink(eraser(for: state)) }
            state.isLineDrawn = false
        }
    }

    private func show(_ state: inout State) {
        guard !state.isFinished else { return }
        let time = now()
        let elapsed = time - state.began
        if let last = state.lastShown {
            guard time - last >= (terminal.isInteractive ? Self.redrawInterval : Self.plainInterval) else { return }
        } else {
            guard state.isLong || state.isLineDrawn || elapsed >= Self.delay else { return }
        }
        state.lastShown = time
        let line = Self.singleLine(Self.text(of: state, elapsed: elapsed, isFinal: false))
        if terminal.isInteractive {
            // The last column stays free: filling it makes some terminals wrap.
            sink("\r" + DisplayWidth.truncating(line, to: max(1, terminal.width - 1)) + "\u{1B}[K")
            state.isLineDrawn = true
        } else {
            sink(line + "\n")
        }
    }

    private func eraser(for state: State) -> String {
        state.isLineDrawn ? "\r\u{1B}[K" : ""
    }

    private static func text(of state: State, elapsed: Duration, isFinal: Bool) -> String {
        var head = state.stage
        // Bytes are counted in units of their own.
        let isBytes = state.unit == "bytes"
        let unit = state.unit.isEmpty || isBytes ? "" : " " + state.unit
        let amount = { (count: Int) in isBytes ? "\(ByteCount(count))" : "\(count)" }
        if let total = state.total {
            head += "  \(amount(state.count))/\(amount(total))\(unit)"
            if total > 0 { head += "  " + NumberFormat.percent(Double(state.count) / Double(total), decimals: 0) }
        } else if state.count > 0 {
            head += "  \(amount(state.count))\(unit)"
        }
        var parts = [head]
        let seconds = elapsed / .seconds(1)
        let done = Double(state.count) - Double(state.firstCount)
        if done > 0 && seconds > 0 {
            let rate = done / seconds
            parts.append(
                isBytes && rate < 0x1p60 ? "\(ByteCount(Int(rate)))/s" : NumberFormat.rate(rate, unit: state.unit))
            if !isFinal, let total = state.total, total >= state.count {
                let left = (Double(total) - Double(state.count)) * seconds / done
                // Beyond a century a Duration could overflow, and nobody waits.
                if left < 3.2e9 { parts.append(NumberFormat.duration(.seconds(left)) + " left") }
            }
        }
        if isFinal { parts.append(NumberFormat.duration(elapsed)) }
        if !state.extra.isEmpty { parts.append(state.extra) }
        return parts.joined(separator: "  ·  ")
    }

    /// Control characters would break the line, or let a text that came from a file command the terminal.
    static func singleLine(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            scalars.append(scalar.properties.generalCategory == .control ? " " : scalar)
        }
        return String(scalars)
    }
}

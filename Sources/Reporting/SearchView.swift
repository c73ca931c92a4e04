import Synchronization

/// The live view of a search: on a terminal a block of lines redrawn in place, elsewhere one plain line per event.
///
/// On a terminal the block is drawn at most every `redrawInterval`, never wraps and never fills the window; it stays when
/// the view ends. The cursor is never hidden, so that nothing is to be restored if the process is killed. Elsewhere see
/// `SearchEvents` for what is printed.
///
/// All methods may be called from any thread. The block moves only when `update` is called. The sink is called under
/// the lock, so that lines never mix; it must not call back. While a view is drawn, other text for the same terminal has
/// to go through `note`.
package final class SearchView: Sendable {
    /// Between two drawings on a terminal.
    package static let redrawInterval = Duration.milliseconds(100)

    private struct Block {
        var lines: Int
        var width: Int
    }

    private struct State {
        var snapshot: SearchSnapshot?
        var drawn: Block?
        var lastDrawn: Duration?
        var isCurrent = true
        var events = SearchEvents()
        var isFinished = false
    }

    private let terminal: Terminal
    private let now: @Sendable () -> Duration
    private let sink: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// Shows nothing before the first update.
    ///
    /// - Parameters:
    ///   - now: A clock that never goes back, from any origin.
    ///   - sink: Takes text to write, newlines included.
    package init(
        terminal: Terminal = .standardError,
        now: @escaping @Sendable () -> Duration = ProgressLine.monotonicTime,
        sink: @escaping @Sendable (String) -> Void = Terminal.writeToStandardError
    ) {
        self.terminal = terminal
        self.now = now
        self.sink = sink
    }

    /// Shows how the search stands now, unless the last drawing was a moment ago.
    package func update(_ snapshot: SearchSnapshot) {
        state.withLock { state in
            guard !state.isFinished else { return }
            state.snapshot = snapshot
            state.isCurrent = false
            let time = now()
            guard terminal.isInteractive else {
                let lines = state.events.update(snapshot, at: time)
                if !lines.isEmpty { sink(Self.text(lines)) }
                return
            }
            if let last = state.lastDrawn, time - last < Self.redrawInterval { return }
            state.lastDrawn = time
            draw(snapshot, &state)
        }
    }

    /// Prints a whole line of text, which stays, above the block.
    package func note(_ text: String) {
        state.withLock { state in
            let line = ProgressLine.singleLine(text) + "\n"
            guard terminal.isInteractive, !state.isFinished, let snapshot = state.snapshot else { return sink(line) }
            sink(eraser(for: state) + line)
            state.drawn = nil
            draw(snapshot, &state)
        }
    }

    /// Ends the view: the latest state is shown and stays, and `text`, if given, follows. Later updates show nothing.
    package func finish(_ text: String? = nil) {
        end(event: "finish", text)
    }

    /// Ends the view before the search is done, for example because the user said so; `text` says how to go on.
    package func cancel(_ text: String) {
        end(event: "stop", text)
    }

    private func end(event: String, _ text: String?) {
        state.withLock { state in
            guard !state.isFinished else { return }
            state.isFinished = true
            if let snapshot = state.snapshot {
                if !terminal.isInteractive {
                    sink(Self.text(state.events.end(event, snapshot)))
                } else if !state.isCurrent {
                    draw(snapshot, &state)
                }
            }
            if let text { sink(ProgressLine.singleLine(text) + "\n") }
        }
    }

    private func draw(_ snapshot: SearchSnapshot, _ state: inout State) {
        let (width, height) = (terminal.width, terminal.height)
        let lines = SearchBlock(snapshot: snapshot, terminal: terminal, width: width, height: height).lines
        // Every line clears what was right of it, and the last what was below: less flicker than clearing first.
        var text = top(of: state)
        for line in lines { text += line + "\u{1B}[K\n" }
        sink(text + "\u{1B}[J")
        state.drawn = Block(lines: lines.count, width: width)
        state.isCurrent = true
    }

    /// Moves the cursor from below the block to its first line.
    private func top(of state: State) -> String {
        guard let drawn = state.drawn, drawn.lines > 0 else { return "\r" }
        // In a window that became smaller, the block's lines may have wrapped or left it at the top, and nobody knows
        // where it began: the next block starts below rather than over text that is not ours.
        guard terminal.width >= drawn.width, terminal.height > drawn.lines else { return "\r" }
        return "\r\u{1B}[\(drawn.lines)A"
    }

    private func eraser(for state: State) -> String {
        state.drawn == nil ? "" : top(of: state) + "\u{1B}[J"
    }

    private static func text(_ lines: [String]) -> String {
        lines.map { $0 + "\n" }.joined()
    }
}

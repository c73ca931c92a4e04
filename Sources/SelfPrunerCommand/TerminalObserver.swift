import Foundation
import Reporting
import SelfPruner
import Synchronization

/// Shows stages on the terminal and turns Ctrl-C into a clean end.
final class TerminalObserver: RunObserver {
    private let line = Mutex<ProgressLine?>(nil)
    private static let interrupted = Atomic<Bool>(false)

    init() {
        // The second Ctrl-C ends the process at once.
        signal(SIGINT) { _ in
            TerminalObserver.interrupted.store(true, ordering: .relaxed)
            signal(SIGINT, SIG_DFL)
        }
    }

    var isCancelled: Bool { Self.interrupted.load(ordering: .relaxed) }

    func begin(stage: String, total: Int, unit: String) {
        let started = ProgressLine(stage: stage, total: total, unit: unit, isKnownLong: stage == "search")
        line.withLock { $0 = started }
    }

    func update(_ count: Int, note: String?) {
        line.withLock { $0?.update(count: count, extra: note) }
    }

    func end(note: String?) {
        line.withLock { line in
            if isCancelled { line?.cancel() } else { line?.finish(note) }
            line = nil
        }
    }
}

import Foundation
import Reporting
import SelfPruner
import Synchronization

/// Shows stages on the terminal and turns Ctrl-C into a clean end.
final class TerminalObserver: RunObserver {
    private let line = Mutex<ProgressLine?>(nil)
    private let view = Mutex<SearchView?>(nil)
    private let onStop: String
    private static let interrupted = Atomic<Bool>(false)

    /// - Parameter onStop: what the user can do after Ctrl-C during a search.
    init(onStop: String = "stopped") {
        self.onStop = onStop
        // Whoever started the program may have blocked it, and a process inherits what is blocked.
        var interrupt = sigset_t()
        sigemptyset(&interrupt)
        sigaddset(&interrupt, SIGINT)
        pthread_sigmask(SIG_UNBLOCK, &interrupt, nil)
        // The second Ctrl-C ends the process at once.
        signal(SIGINT) { _ in
            TerminalObserver.interrupted.store(true, ordering: .relaxed)
            signal(SIGINT, SIG_DFL)
        }
    }

    var isCancelled: Bool { Self.interrupted.load(ordering: .relaxed) }

    func begin(stage: String, total: Int, unit: String) {
        if stage == "search" {
            view.withLock { $0 = SearchView() }
            return
        }
        let started = ProgressLine(stage: stage, total: total, unit: unit)
        line.withLock { $0 = started }
    }

    func update(_ count: Int, note: String?) {
        line.withLock { $0?.update(count: count, extra: note) }
    }

    func search(_ progress: SearchProgress) {
        view.withLock { $0?.update(SearchSnapshot(progress)) }
    }

    func end(note: String?) {
        view.withLock { view in
            if isCancelled { view?.cancel(onStop) } else { view?.finish(note) }
            view = nil
        }
        line.withLock { line in
            if isCancelled { line?.cancel() } else { line?.finish(note) }
            line = nil
        }
    }
}

extension SearchSnapshot {
    init(_ progress: SearchProgress) {
        self.init(
            generation: progress.generation, generations: progress.generations, evaluated: progress.evaluated,
            total: progress.total, secondsElapsed: progress.seconds, secondsLeft: progress.secondsLeft,
            best: progress.best, fitnessName: progress.fitnessName, firstFitness: progress.uniform)
        evaluatedBefore = progress.evaluatedBefore
        bestSoFar = progress.bestSoFar
        evaluatedPerRung = progress.evaluatedPerRung
        operators = progress.operators.map {
            Operator(
                name: $0.name, proposed: $0.proposed, accepted: $0.accepted, rejected: $0.rejected,
                seconds: $0.seconds)
        }
        messages = progress.messages
    }
}

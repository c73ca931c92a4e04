import SelfPruner
import Synchronization

/// Records the stages, and cancels at a point of a stage.
final class CancellingObserver: RunObserver {
    private struct State {
        var stages: [String] = []
        var updates = 0
        var isCancelled = false
    }

    private let state = Mutex(State())
    private let stage: String?
    private let limit: Int

    /// - Parameters:
    ///   - updates: of the stage, after which it cancels; `Int.max` for never.
    ///   - stage: `nil` for any stage.
    init(after updates: Int, of stage: String? = nil) {
        limit = updates
        self.stage = stage
    }

    /// In the order they began.
    var stages: [String] { state.withLock { $0.stages } }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func begin(stage: String, total: Int, unit: String) {
        state.withLock {
            $0.stages.append(stage)
            $0.updates = 0
            cancelIfDue(&$0)
        }
    }

    func update(_ count: Int, note: String?) {
        state.withLock {
            $0.updates += 1
            cancelIfDue(&$0)
        }
    }

    func end(note: String?) {}

    private func cancelIfDue(_ state: inout State) {
        if stage == nil || stage == state.stages.last, state.updates >= limit { state.isCancelled = true }
    }
}

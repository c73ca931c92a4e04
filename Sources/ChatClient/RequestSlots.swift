/// Lets a fixed number of calls run at once, first come, first served.
actor RequestSlots {
    private var free: Int
    private var waiting: [(id: Int, turn: CheckedContinuation<Bool, Never>)] = []
    private var issued = 0

    init(count: Int) { free = max(1, count) }

    /// Waits for a turn, which `release` ends.
    /// - Returns: `false` when the task was cancelled: then there is no turn.
    func acquire() async -> Bool {
        if Task.isCancelled { return false }
        if free > 0 {
            free -= 1
            return true
        }
        issued += 1
        let id = issued
        return await withTaskCancellationHandler {
            await withCheckedContinuation { turn in
                if Task.isCancelled { turn.resume(returning: false) } else { waiting.append((id, turn)) }
            }
        } onCancel: {
            Task { await self.giveUp(id) }
        }
    }

    func release() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().turn.resume(returning: true) }
    }

    private func giveUp(_ id: Int) {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        waiting.remove(at: index).turn.resume(returning: false)
    }
}

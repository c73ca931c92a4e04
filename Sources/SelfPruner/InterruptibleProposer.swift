import Search

/// A proposer that waits for others, and stops waiting when the user wants to stop.
struct InterruptibleProposer: Proposer {
    let proposer: any Proposer
    let isCancelled: @Sendable () -> Bool

    var plansAhead: Bool { proposer.plansAhead }

    func plan(_ count: Int, in state: SearchState) -> [OperatorCount] { proposer.plan(count, in: state) }

    func prepare(_ plan: [OperatorCount], from state: SearchState) { proposer.prepare(plan, from: state) }

    func propose(_ plan: [OperatorCount], from state: SearchState) async throws -> ProposalBatch {
        let (proposer, isCancelled) = (proposer, isCancelled)
        return try await withThrowingTaskGroup(of: ProposalBatch?.self) { group in
            group.addTask { try await proposer.propose(plan, from: state) }
            group.addTask {
                while !isCancelled() { try await Task.sleep(for: .milliseconds(100)) }
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let batch = first else { throw CancellationError() }
            return batch
        }
    }
}

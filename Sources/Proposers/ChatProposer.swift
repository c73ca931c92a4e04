import ChatClient
import Search
import Synchronization
import Tokenization

/// A model behind a chat endpoint proposes: all four operators of the paper, by requests that run side by side while
/// candidates are evaluated. So it is told what was known one generation earlier.
package final class ChatProposer: Proposer {
    package static let name = "chat"

    /// Candidates that a prompt shows.
    static let shownCandidates = 8

    private let chat: any ChatCompleting
    private let shape: ModelShape
    private let prompts: PromptLibrary
    private let operators: LanguageOperators
    /// What runs for the next generation.
    private let pending = Mutex<Pending?>(nil)

    private struct Pending {
        var generation: Int
        /// What the prompts are made of.
        var records: [FitnessRecord]
        var plan: [OperatorCount]
        var task: Task<ProposalBatch, any Error>
    }

    package init(
        _ chat: any ChatCompleting, shape: ModelShape, prompts: PromptLibrary, operators: LanguageOperators = .all
    ) {
        self.chat = chat
        self.shape = shape
        self.prompts = prompts
        self.operators = operators
    }

    deinit { pending.withLock { $0?.task.cancel() } }

    package var plansAhead: Bool { true }

    package func plan(_ count: Int, in state: SearchState) -> [OperatorCount] {
        operators.plan(count, in: state, proposer: Self.name)
    }

    package func prepare(_ plan: [OperatorCount], from state: SearchState) {
        let session = ChatSession(chat, shape, prompts, state)
        let next = Pending(
            generation: state.generation, records: state.records, plan: plan,
            task: Task { try await session.run(plan) })
        let old = pending.withLock { pending in
            let old = pending
            pending = next
            return old
        }
        old?.task.cancel()
    }

    /// Its seconds are those that the search waited for it, shared out by the time that each reply took: requests run
    /// side by side and beside evaluations.
    /// - Throws: `CancellationError`; `ProposerError.badPrompt`; `ChatError.recordNotUsable`, since a run that is not
    ///   recorded cannot be continued.
    package func propose(_ plan: [OperatorCount], from state: SearchState) async throws -> ProposalBatch {
        let start = ContinuousClock.now
        var batch = try await replies(plan, from: state.lagged)
        batch.share((ContinuousClock.now - start) / .seconds(1))
        return batch
    }

    private func replies(_ plan: [OperatorCount], from known: SearchState) async throws -> ProposalBatch {
        let ready = pending.withLock { pending in
            defer { pending = nil }
            return pending
        }
        if let ready, ready.generation == known.generation, ready.plan == plan, ready.records == known.records {
            return try await withTaskCancellationHandler {
                try await ready.task.value
            } onCancel: {
                ready.task.cancel()
            }
        }
        ready?.task.cancel()
        return try await ChatSession(chat, shape, prompts, known).run(plan)
    }
}

extension ProposalBatch {
    /// Scales all times so that their sum is `seconds`.
    fileprivate mutating func share(_ seconds: Double) {
        let sum = proposals.reduce(0) { $0 + $1.seconds } + rejections.reduce(0) { $0 + $1.seconds }
        guard sum > 0 else { return }
        for place in proposals.indices { proposals[place].seconds *= seconds / sum }
        for place in rejections.indices { rejections[place].seconds *= seconds / sum }
    }
}

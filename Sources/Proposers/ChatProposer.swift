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

    package var plansAhead: Bool { true }

    package func plan(_ count: Int, in state: SearchState) -> [OperatorCount] {
        operators.plan(count, in: state, proposer: Self.name)
    }

    package func prepare(_ plan: [OperatorCount], from state: SearchState) {
        let session = ChatSession(chat, shape, prompts, state)
        let next = Pending(generation: state.generation, plan: plan, task: Task { try await session.run(plan) })
        let old = pending.withLock { pending in
            let old = pending
            pending = next
            return old
        }
        old?.task.cancel()
    }

    package func propose(_ plan: [OperatorCount], from state: SearchState) async throws -> ProposalBatch {
        let ready = pending.withLock { pending in
            defer { pending = nil }
            return pending
        }
        if let ready, ready.generation == state.generation, ready.plan == plan {
            return try await withTaskCancellationHandler {
                try await ready.task.value
            } onCancel: {
                ready.task.cancel()
            }
        }
        ready?.task.cancel()
        return try await ChatSession(chat, shape, prompts, state.lagged).run(plan)
    }
}

import ChatClient
import Foundation
import Search
import Synchronization
import Testing

@testable import Proposers

struct ChatProposerTests {
    private let space: SearchSpace
    private let state: SearchState
    private let model: AbleModel

    init() throws {
        space = try smallSpace()
        state = try smallState(space, count: 12)
        model = AbleModel(space: space)
    }

    private static let everything = LanguageOperator.allCases.filter { $0 != .select }.map {
        OperatorCount($0.ofChat, 5)
    }

    private func proposer(_ chat: any ChatCompleting) throws -> ChatProposer {
        ChatProposer(chat, shape: .tiny, prompts: try PromptLibrary())
    }

    private func able() -> StubChat {
        let model = model
        return StubChat { request in model.answer(request) }
    }

    // MARK: Proposals

    @Test func ableModelsMakeProposalsOfAllOperators() async throws {
        let chat = able()
        let batch = try await proposer(chat).propose(Self.everything, from: state)
        let known = state.lagged
        // Moves may change nothing, and nothing else can go wrong.
        #expect(batch.rejections.allSatisfy { $0.reason == .noChange && $0.operator == LanguageOperator.mutate.ofChat })
        #expect(batch.proposals.count + batch.rejections.count == 15)
        let hashes = Dictionary(grouping: chat.requests, by: \.hash)
        // 5 candidates, 5 + 5 choices of parents, 5 children and 5 mutants; no two alike.
        #expect(chat.requests.count == 25 && hashes.count == 25)
        for proposal in batch.proposals {
            #expect(zip(proposal.levels, space.sublayers).allSatisfy { (0...$1.fullLevel).contains($0) })
            #expect(proposal.levels.count == space.sublayers.count)
            #expect(proposal.parents.allSatisfy(known.records.indices.contains))
            let agreement = try #require(proposal.agreement)
            #expect((0...1).contains(agreement.share) && (0...1).contains(agreement.chance))
            let hash = try #require(proposal.promptHash)
            let prompt = try #require(hashes[hash]?.first).messages[1].content
            switch proposal.operator {
            case LanguageOperator.generate.ofChat:
                #expect(proposal.parents.isEmpty)
            case LanguageOperator.crossover.ofChat:
                #expect(Set(proposal.parents).count == 2)
                // The better one stands last.
                #expect(known.records[proposal.parents[0]].fitness >= known.records[proposal.parents[1]].fitness)
                for parent in proposal.parents { #expect(prompt.contains(row(known.records[parent]))) }
            case LanguageOperator.mutate.ofChat:
                #expect(proposal.parents.count == 1)
                #expect(prompt.contains(row(known.records[proposal.parents[0]])))
                #expect(proposal.levels != known.records[proposal.parents[0]].candidate.levels)
                // Moves keep the budget by themselves.
                #expect(space.parameters(proposal.levels) <= state.budget.maximumParameters)
            default: Issue.record("\(proposal.operator) was not asked for")
            }
        }
        #expect(batch.proposals.filter { $0.operator == LanguageOperator.crossover.ofChat }.count == 5)
    }

    private func row(_ record: FitnessRecord) -> String {
        zip(space.partNames, record.candidate.levels).map { " \($0)=\($1)" }.joined()
    }

    @Test func levelsOfAReplyAreThoseOfTheProposal() async throws {
        let chat = StubChat { _ in #"{"levels": {"a0": 1, "m0": 2, "a1": 3, "m1": 4, "a2": 0, "m2": 5}}"# }
        let batch = try await proposer(chat).propose([OperatorCount(LanguageOperator.generate.ofChat, 1)], from: state)
        #expect(batch.proposals.map(\.levels) == [[1, 2, 3, 4, 0, 5]])
    }

    @Test func chosenParentsAreThoseOfThePrompt() async throws {
        let chat = StubChat { request in
            request.schema?.name == "parents" ? #"{"parents": [8, 2]}"# : #"{"levels": [1, 2, 3, 4, 0, 5]}"#
        }
        let batch = try await proposer(chat).propose([OperatorCount(LanguageOperator.crossover.ofChat, 1)], from: state)
        let shown = state.lagged.shown(8, proposer: ChatProposer.name)
        #expect(batch.proposals.map(\.parents) == [[shown[1].index, shown[7].index]])
        #expect(shown[7].index == state.lagged.population[0].index)
    }

    @Test func repliesInAnyOrderMakeTheSameBatch() async throws {
        let model = model
        let expected = try await proposer(able()).propose(Self.everything, from: state)
        for turn in 0..<3 {
            let chat = StubChat { request throws(ChatError) in
                let delay = (Int(request.seed ?? 0) &+ turn &* 7) % 20
                try? await Task.sleep(for: .milliseconds(delay))
                return model.answer(request)
            }
            let batch = try await proposer(chat).propose(Self.everything, from: state)
            #expect(batch.withoutTimes == expected.withoutTimes)
        }
    }

    /// Requests run side by side: what counts is how long the search waited.
    @Test func timesAddUpToTheWait() async throws {
        let model = model
        let chat = StubChat { request throws(ChatError) in
            try? await Task.sleep(for: .milliseconds(50))
            return model.answer(request)
        }
        let start = ContinuousClock.now
        let batch = try await proposer(chat).propose(Self.everything, from: state)
        let waited = (ContinuousClock.now - start) / .seconds(1)
        let sum = batch.proposals.reduce(0) { $0 + $1.seconds } + batch.rejections.reduce(0) { $0 + $1.seconds }
        #expect(sum > 0.09 && sum <= waited + 1e-6)
        #expect(batch.proposals.allSatisfy { $0.seconds > 0 })
    }

    // MARK: Rejections

    @Test(arguments: ChatError.Code.allCases)
    func failuresBecomeRejections(_ code: ChatError.Code) async throws {
        let chat = StubChat { _ throws(ChatError) in throw ChatError(code, "It failed") }
        let proposer = try proposer(chat)
        guard code != .recordNotUsable else {
            // A run whose record cannot be written cannot be continued.
            await #expect(throws: ChatError.self) { try await proposer.propose(Self.everything, from: state) }
            return
        }
        let batch = try await proposer.propose(Self.everything, from: state)
        #expect(batch.proposals.isEmpty && batch.rejections.count == 15)
        let reason: Rejection.Reason =
            switch code {
            case .circuitOpen: .endpointDown
            case .tooLarge: .tooLarge
            case .badReply: .malformed
            default: .noReply
            }
        #expect(batch.rejections.allSatisfy { $0.reason == reason && $0.detail == "It failed" && $0.promptHash != nil })
        let operators = Dictionary(grouping: batch.rejections, by: \.operator).mapValues(\.count)
        #expect(operators == [LanguageOperator.generate.ofChat: 5, LanguageOperator.select.ofChat: 10])
    }

    @Test func nonsenseBecomesRejections() async throws {
        for (reply, reason) in [
            ("I will not.", .malformed), (#"{"levels": [1]}"#, .wrongLength),
            (#"{"levels": [1, 2, 3, 4, 0, 9]}"#, .outOfRange),
        ] as [(String, Rejection.Reason)] {
            let batch = try await proposer(StubChat { _ in reply })
                .propose([OperatorCount(LanguageOperator.generate.ofChat, 3)], from: state)
            #expect(batch.proposals.isEmpty)
            #expect(batch.rejections.map(\.reason) == [reason, reason, reason])
        }
        let idle = StubChat { request in
            request.schema?.name == "parents"
                ? #"{"parents": [1, 2]}"# : #"{"moves": [{"from": "a0", "steps": 1, "to": "a0"}]}"#
        }
        let batch = try await proposer(idle).propose([OperatorCount(LanguageOperator.mutate.ofChat, 2)], from: state)
        #expect(batch.rejections.map(\.reason) == [.noChange, .noChange])
    }

    @Test func withoutTwoCandidatesNothingIsAsked() async throws {
        let chat = able()
        let state = try smallState(space, count: 1)
        let batch = try await proposer(chat).propose(Array(Self.everything.dropFirst()), from: state)
        #expect(batch.proposals.isEmpty && batch.rejections.count == 10 && chat.requests.isEmpty)
        #expect(try await proposer(chat).propose([], from: state) == ProposalBatch())
        let other = [OperatorCount(.mutation, 3), OperatorCount(LanguageOperator.crossover.ofSelf, 3)]
        #expect(try await proposer(chat).propose(other, from: state) == ProposalBatch())
    }

    @Test func cancellingEndsTheWait() async throws {
        let chat = StubChat { _ throws(ChatError) in
            do { try await Task.sleep(for: .seconds(600)) } catch { throw ChatError(.cancelled, "It was cancelled") }
            return ""
        }
        for isPrepared in [false, true] {
            let proposer = try proposer(chat)
            let state = state
            if isPrepared { proposer.prepare(Self.everything, from: state.lagged) }
            let task = Task { try await proposer.propose(Self.everything, from: state) }
            try await Task.sleep(for: .milliseconds(20))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    // MARK: Ahead of time

    @Test func preparedRequestsAreSentOnce() async throws {
        let alone = able()
        let expected = try await proposer(alone).propose(Self.everything, from: state)
        let chat = able()
        let proposer = try proposer(chat)
        proposer.prepare(Self.everything, from: state.lagged)
        let batch = try await proposer.propose(Self.everything, from: state)
        #expect(batch.withoutTimes == expected.withoutTimes)
        #expect(Set(chat.requests) == Set(alone.requests) && chat.requests.count == alone.requests.count)
        // What was prepared is used once.
        #expect(try await proposer.propose(Self.everything, from: state).withoutTimes == expected.withoutTimes)
        #expect(chat.requests.count == 2 * alone.requests.count)
    }

    @Test func whatWasPreparedForAnotherStateIsNotUsed() async throws {
        let other = try smallState(space, count: 12, seed: 9)
        let expected = try await proposer(able()).propose(Self.everything, from: state)
        let proposer = try proposer(able())
        for stale in [other.lagged, try smallState(space, count: 8).lagged] {
            proposer.prepare(Self.everything, from: stale)
            #expect(try await proposer.propose(Self.everything, from: state).withoutTimes == expected.withoutTimes)
        }
        proposer.prepare(Array(Self.everything.dropLast()), from: state.lagged)
        #expect(try await proposer.propose(Self.everything, from: state).withoutTimes == expected.withoutTimes)
    }

    @Test func repeatedProposalsAreEqual() async throws {
        let proposer = try proposer(able())
        let batches = [
            try await proposer.propose(Self.everything, from: state).withoutTimes,
            try await proposer.propose(Self.everything, from: state).withoutTimes,
        ]
        #expect(batches[0] == batches[1])
    }
}

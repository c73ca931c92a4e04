import ChatClient
import Foundation
import Search
import Synchronization
import TestSupport
import Testing

@testable import Proposers

/// Whole searches with chats that answer anything.
struct ChatSearchTests {
    private let space: SearchSpace
    private let budget: Budget

    init() throws {
        space = try smallSpace()
        budget = try Budget(rate: 0.3, of: space)
    }

    private static let settings = SearchSettings(population: 6, candidates: 32, seed: 3, generation: 5)

    private func search(_ chat: any ChatCompleting, resuming events: [SearchEvent] = []) throws -> EvolutionarySearch {
        try EvolutionarySearch(
            space: space, budget: budget, settings: Self.settings, seeds: [UniformSeed(), SlopeSeeds()],
            proposer: ChatProposer(chat, shape: .tiny, prompts: PromptLibrary()),
            sensitivities: space.sublayers.indices.map { Double($0 + 1) }, resuming: events)
    }

    private func run(
        _ chat: any ChatCompleting, resuming events: [SearchEvent] = []
    ) async throws -> (history: SearchHistory, events: [SearchEvent]) {
        var search = try search(chat, resuming: events)
        var fitness = ToyFitness(space)
        var all = events
        let reason = try await search.run(&fitness, onEvent: { all.append($0) })
        #expect(reason == .candidates)
        #expect(search.history.records.count == Self.settings.candidates)
        #expect(search.history.records.allSatisfy { $0.scores.count == 1 })
        for record in search.history.records {
            #expect(try space.repair(record.candidate, to: budget) == record.candidate)
        }
        return (search.history, all)
    }

    @Test func anAbleModelMakesTheSearchItsOwn() async throws {
        let model = AbleModel(space: space)
        let history = try await run(StubChat { request in model.answer(request) }).history
        let own = history.records.filter { $0.operator.rawValue.hasPrefix("chat.") }
        #expect(own.count > 15)
        #expect(own.allSatisfy { $0.promptHash != nil })
        #expect(
            Set(own.map(\.operator)) == [
                LanguageOperator.generate.ofChat, LanguageOperator.crossover.ofChat, LanguageOperator.mutate.ofChat,
            ])
        #expect(
            history.records.filter { $0.operator == LanguageOperator.crossover.ofChat }.allSatisfy {
                $0.parents.count == 2
            })
    }

    private enum Mischief: String, CaseIterable {
        case nonsense, failures, open, alternating, lateFailures, oneCandidateForever, everything
    }

    @Test(arguments: Mischief.allCases)
    private func anySearchFinishesOnBudget(_ mischief: Mischief) async throws {
        let model = AbleModel(space: space)
        let chat = StubChat { request throws(ChatError) in
            let draw = Int(request.seed ?? 0)
            switch mischief {
            case .nonsense: return "{\"levels\": \"Ignore the budget.\", \"parents\": [0, 0], \"moves\": [1, NaN]}"
            case .failures: throw ChatError(.unreachable, "The connection broke")
            case .open: throw ChatError(.circuitOpen, "It is left alone")
            case .alternating:
                if draw % 2 == 0 { throw ChatError(.timeout, "There was no reply") }
                return model.answer(request)
            case .lateFailures:
                try? await Task.sleep(for: .milliseconds(30))
                throw ChatError(.timeout, "There was no reply")
            case .oneCandidateForever:
                switch request.schema?.name {
                case "parents": return "[1, 2]"
                case "moves": return #"[{"from": "a0", "steps": 1, "to": "m0"}]"#
                default: return "[1, 4, 1, 4, 1, 4]"
                }
            case .everything:
                let codes = ChatError.Code.allCases.filter { $0 != .recordNotUsable }
                if draw % 3 == 0 { throw ChatError(codes[draw % codes.count], "It failed") }
                return draw % 3 == 1 ? String(model.answer(request).prefix(draw % 60)) : model.answer(request)
            }
        }
        let (history, _) = try await run(chat)
        #expect(!history.rejections.isEmpty)
        let reasons = Set(history.rejections.map(\.reason))
        switch mischief {
        case .nonsense: #expect(!reasons.contains(.noReply))
        case .failures, .lateFailures: #expect(reasons == [.noReply])
        case .open: #expect(reasons == [.endpointDown])
        case .alternating: #expect(reasons.contains(.noReply))
        case .oneCandidateForever: #expect(reasons.contains(.duplicate))
        case .everything: #expect(reasons.count > 3)
        }
        // Every request of a proposal that came to nothing is accounted for, none twice.
        let own = history.records.filter { $0.operator.rawValue.hasPrefix("chat.") }.count
        let offspring = Self.settings.candidates - history.generation(0).count
        #expect(own + history.rejections.count >= offspring)
        if [.nonsense, .failures, .open, .lateFailures].contains(mischief) {
            #expect(own == 0 && history.rejections.count == offspring)
        }
    }

    @Test func aRecordThatCannotBeWrittenEndsTheSearch() async throws {
        var search = try search(
            StubChat { _ throws(ChatError) in throw ChatError(.recordNotUsable, "The disk is full") })
        var fitness = ToyFitness(space)
        do {
            try await search.run(&fitness)
            Issue.record("The search went on")
        } catch let error as ChatError { #expect(error.code == .recordNotUsable) }
        #expect(search.history.records.count == search.history.evaluated)
    }

    /// From its events up to any place, with the exchanges that were recorded till then, and with the whole record.
    @Test func aContinuedSearchEqualsAnUninterruptedOne() async throws {
        let folder = try TemporaryFolder()
        let model = AbleModel(space: space)
        let live = StubChat { request throws(ChatError) in
            let draw = Int(request.seed ?? 0)
            if draw % 5 == 0 { throw ChatError(.timeout, "There was no reply") }
            return model.answer(request)
        }
        let path = folder("chat.jsonl")
        let whole = try await run(ResumingChat(live, record: try ChatRecord(path: path)))
        let requests = live.requests.count
        let replayed = try await run(try ChatReplay(path: path))
        #expect(replayed.history.withoutTimes == whole.history.withoutTimes)
        for cut in [0, 1, 2, 5, 7, 8, 13, 20, 33, whole.events.count - 2, whole.events.count - 1] {
            let events = Array(whole.events.prefix(cut))
            let continued = try await run(ResumingChat(live, record: try ChatRecord(path: path)), resuming: events)
            #expect(continued.history.withoutTimes == whole.history.withoutTimes, "after \(cut) events")
            // Without a record the model is asked again, and this one says the same.
            let asked = try await run(live, resuming: events)
            #expect(asked.history.withoutTimes == whole.history.withoutTimes, "after \(cut) events")
        }
        // With the record, nothing was asked again.
        let exchanges = try ChatRecord(path: path).count
        #expect(exchanges == requests)
    }

    /// The generation after the one that is evaluated is under way meanwhile, and made of what was known before.
    @Test func requestsRunBesideTheEvaluation() async throws {
        let model = AbleModel(space: space)
        let chat = StubChat { request in model.answer(request) }
        let ahead = Mutex(0)
        struct Waiting: Fitness {
            var toy: ToyFitness
            let chat: StubChat
            let onAhead: @Sendable () -> Void
            var rungTokens: [Int] { toy.rungTokens }
            mutating func evaluate(
                _ candidates: [Candidate], rung: Int, onResult: (Int, Double) throws -> Void
            ) async throws {
                let before = chat.requests.count
                for _ in 0..<10_000 where chat.requests.count == before { try await Task.sleep(for: .milliseconds(1)) }
                if chat.requests.count > before { onAhead() }
                try toy.evaluate(candidates, rung: rung, onResult: onResult)
            }
        }
        var search = try search(chat)
        let counter = { @Sendable in ahead.withLock { $0 += 1 } }
        var fitness = Waiting(toy: ToyFitness(space), chat: chat, onAhead: counter)
        try await search.run(&fitness)
        #expect(ahead.withLock { $0 } >= 3)
        #expect(search.history.withoutTimes == (try await run(chat)).history.withoutTimes)
    }
}

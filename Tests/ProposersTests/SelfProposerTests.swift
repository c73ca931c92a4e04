import Checkpoints
import Foundation
import Models
import Search
import Synchronization
import TestSupport
import Testing
import Tokenization

@testable import Proposers

/// The tiny model with the letters that proposals need, and room for a prompt.
private struct Writing {
    let model: LlamaModel
    let tokenizer: Tokenizer

    init(positions: Int = 1024, chatTemplate: String? = nil) throws {
        let folder = try TemporaryFolder()
        let path = try TinyModel.make(in: folder, chatTemplate: chatTemplate)
        let name = (path as NSString).lastPathComponent
        func change(_ file: String, _ replacements: [(String, String)]) throws {
            var text = String(decoding: try folder.data("\(name)/\(file)"), as: UTF8.self)
            for (old, new) in replacements {
                #expect(text.contains(old), "\(file) has no \(old)")
                text = text.replacing(old, with: new)
            }
            try folder.write("\(name)/\(file)", Array(text.utf8))
        }
        try change("tokenizer.json", [("\"'\":", "\"=\":"), ("\"!\":", "\">\":"), ("\"Z\":", "\":\":")])
        try change("config.json", [("\"max_position_embeddings\": 256", "\"max_position_embeddings\": 1024")])
        let checkpoint = try openCheckpoint(path)
        tokenizer = try Tokenizer(checkpoint.tokenizer)
        model = try LlamaModel(checkpoint, precision: .float32, positions: positions)
    }

    func proposer(
        _ style: SelfProposer.Style = .continuation, positions: Int = 1024, prompts: PromptLibrary? = nil,
        operators: LanguageOperators = .all, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws -> SelfProposer {
        try SelfProposer(
            model, tokenizer, shape: .tiny, prompts: prompts ?? PromptLibrary(), style: style, positions: positions,
            operators: operators, isCancelled: isCancelled)
    }
}

struct SelfProposerTests {
    private let space: SearchSpace
    private let state: SearchState

    init() throws {
        space = try smallSpace()
        state = try smallState(space, count: 10)
    }

    private static let everything = LanguageOperator.allCases.filter { $0 != .select }.map {
        OperatorCount($0.ofSelf, 4)
    }

    // MARK: Proposals

    private func check(_ batch: ProposalBatch, _ state: SearchState) throws {
        // Moves may change nothing, and nothing else can go wrong.
        #expect(batch.rejections.allSatisfy { $0.reason == .noChange && $0.operator == LanguageOperator.mutate.ofSelf })
        #expect(batch.proposals.count + batch.rejections.count == 12)
        #expect(batch.proposals.filter { $0.operator == LanguageOperator.generate.ofSelf }.count == 4)
        #expect(batch.proposals.filter { $0.operator == LanguageOperator.crossover.ofSelf }.count == 4)
        for proposal in batch.proposals {
            #expect(proposal.levels.count == space.sublayers.count)
            #expect(zip(proposal.levels, space.sublayers).allSatisfy { (0...$1.fullLevel).contains($0) })
            #expect(proposal.parents.allSatisfy(state.records.indices.contains))
            #expect(proposal.promptHash?.count == 64 && proposal.work > 0 && proposal.seconds > 0)
            let agreement = try #require(proposal.agreement)
            #expect((0...1).contains(agreement.share) && (0...1).contains(agreement.chance))
            let parents = [
                LanguageOperator.generate.ofSelf: 0, LanguageOperator.crossover.ofSelf: 2,
                LanguageOperator.mutate.ofSelf: 1,
            ]
            #expect(Set(proposal.parents).count == parents[proposal.operator])
        }
        let mutants = batch.proposals.filter { $0.operator == LanguageOperator.mutate.ofSelf }
        for mutant in mutants {
            #expect(mutant.levels != state.records[mutant.parents[0]].candidate.levels)
            #expect(space.parameters(mutant.levels) <= state.budget.maximumParameters)
        }
        #expect(Set(batch.proposals.map(\.levels)).count > 6)
    }

    @Test func allOperatorsMakeProposals() throws {
        try check(try Writing().proposer().propose(Self.everything, from: state), state)
    }

    @Test func granularityAndMinimumLevelsAreKept() throws {
        let space = try smallSpace(granularity: .layer, minimumLevel: 1)
        let state = try smallState(space, count: 10)
        let batch = try Writing().proposer().propose(Self.everything, from: state)
        #expect(!batch.proposals.isEmpty)
        for proposal in batch.proposals {
            #expect(zip(proposal.levels, space.sublayers).allSatisfy { ($1.minimumLevel...$1.fullLevel).contains($0) })
        }
    }

    /// Also the counted work, which decides how much the operators are used.
    @Test func equalStatesGiveEqualBatchesWhateverCameBefore() throws {
        let writing = try Writing()
        let proposer = try writing.proposer()
        let first = try proposer.propose(Self.everything, from: state).withoutTimes
        #expect(try proposer.propose(Self.everything, from: state).withoutTimes == first)
        _ = try proposer.propose(Self.everything, from: try smallState(space, count: 7, seed: 4))
        #expect(try proposer.propose(Self.everything, from: state).withoutTimes == first)
        #expect(try writing.proposer().propose(Self.everything, from: state).withoutTimes == first)
        let later = try smallState(space, count: 10, generation: 9)
        #expect(try proposer.propose(Self.everything, from: later).withoutTimes != first)
    }

    @Test func thereIsNothingToDoForAnEmptyPlan() throws {
        let proposer = try Writing().proposer(positions: 8)
        for plan in [[], [OperatorCount(LanguageOperator.generate.ofSelf, 0)]] {
            #expect(try proposer.propose(plan, from: state) == ProposalBatch())
        }
    }

    @Test func theFirstCandidatesNeedNoOthers() throws {
        let state = try smallState(space, count: 0, sensitive: false, isInitial: true)
        let batch = try Writing().proposer().propose([OperatorCount(LanguageOperator.generate.ofSelf, 3)], from: state)
        #expect(batch.proposals.count == 3 && batch.proposals.allSatisfy { $0.agreement == nil })
    }

    // MARK: Templates

    private static let template =
        "{{ bos_token }}{% for message in messages %}{{ message.role }}. {{ message.content | trim }}\n{% endfor %}"
        + "{% if add_generation_prompt %}answer.\n{% endif %}"

    @Test func chatStyleUsesTheTemplate() throws {
        let writing = try Writing(chatTemplate: Self.template)
        let batch = try writing.proposer(.chat).propose(Self.everything, from: state)
        try check(batch, state)
        let plain = try writing.proposer().propose(Self.everything, from: state)
        #expect(Set(plain.proposals.map(\.promptHash)).isDisjoint(with: batch.proposals.map(\.promptHash)))
    }

    @Test func aTemplateMayChangeThePrompt() throws {
        let template = "{% for message in messages %}{{ message.content | replace('loss', 'x') }}{% endfor %}"
        try check(try Writing(chatTemplate: template).proposer(.chat).propose(Self.everything, from: state), state)
    }

    @Test(arguments: [nil, "{% if %}", "{{ raise_exception('not me') }}"])
    func chatStyleNeedsAGoodTemplate(_ template: String?) throws {
        let writing = try Writing(chatTemplate: template)
        let error = #expect(throws: ProposerError.self) { try writing.proposer(.chat) }
        #expect(error?.code == .badPrompt)
    }

    @Test func aPromptThatFailsLaterEndsTheSearchWithItsFile() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "self-mutate.txt",
            Array("{% if parts | length > 4 %}{{ raise_exception('too many parts') }}{% endif %}x:".utf8))
        let proposer = try Writing().proposer(prompts: PromptLibrary(folder: folder.path))
        let error = #expect(throws: ProposerError.self) { try proposer.propose(Self.everything, from: state) }
        #expect(error?.code == .badPrompt && error?.file == file)
    }

    // MARK: Searches

    private static let settings = SearchSettings(population: 5, candidates: 21, seed: 2, generation: 4)

    private func search(_ proposer: any Proposer, resuming events: [SearchEvent] = []) throws -> EvolutionarySearch {
        try EvolutionarySearch(
            space: space, budget: state.budget, settings: Self.settings, proposer: proposer,
            sensitivities: state.sensitivities, resuming: events)
    }

    private func run(
        _ proposer: any Proposer, resuming events: [SearchEvent] = []
    ) async throws -> (history: SearchHistory, events: [SearchEvent]) {
        var search = try search(proposer, resuming: events)
        var fitness = ToyFitness(space)
        var all = events
        let reason = try await search.run(&fitness, onEvent: { all.append($0) })
        #expect(reason == .candidates)
        #expect(search.history.records.count == Self.settings.candidates)
        return (search.history, all)
    }

    @Test func aSearchGoesOnWhereItWasCut() async throws {
        let writing = try Writing()
        let whole = try await run(writing.proposer())
        let own = whole.history.records.filter { $0.operator.rawValue.hasPrefix("self.") }
        #expect(own.count > 10)
        for cut in [1, 3, 8, 14, whole.events.count - 3] {
            let continued = try await run(writing.proposer(), resuming: Array(whole.events.prefix(cut)))
            #expect(continued.history.withoutTimes == whole.history.withoutTimes, "after \(cut) events")
        }
    }

    @Test(arguments: [1, 60, 120, 200])
    func aShortContextOnlyCostsProposals(_ positions: Int) async throws {
        let proposer = try Writing().proposer(positions: positions)
        let (history, _) = try await run(proposer)
        #expect(
            history.rejections.contains {
                $0.reason == .noReply && $0.detail.contains("context") || $0.detail.contains("may read")
            })
        // One for each operator that was wanted in a generation.
        #expect(history.rejections.count < 2 * history.generationStarts.count + Self.settings.candidates)
        let batch = try proposer.propose(Self.everything, from: state)
        #expect(batch.rejections.allSatisfy { !$0.detail.hasSuffix("..") })
    }

    @Test func cancellingEndsTheSearch() async throws {
        let passes = Mutex(0)
        let proposer = try Writing().proposer(isCancelled: {
            passes.withLock {
                $0 += 1
                return $0 > 30
            }
        })
        await #expect(throws: CancellationError.self) { try await run(proposer) }
    }
}

struct LanguageOperatorsTests {
    private func plan(_ operators: LanguageOperators, _ count: Int, _ state: SearchState) -> [String: Int] {
        Dictionary(
            operators.plan(count, in: state, proposer: "x").map { ($0.operator.rawValue, $0.count) },
            uniquingKeysWith: +)
    }

    @Test func operatorsArePlannedAsTheyAreChosen() throws {
        let space = try smallSpace()
        let grown = try smallState(space, count: 10)
        let initial = try smallState(space, count: 10, isInitial: true)
        let single = try smallState(space, count: 1)
        for count in [1, 2, 7] {
            let variation = ["x.crossover": (count + 1) / 2, "x.mutate": count / 2]
            #expect(plan(.all, count, grown) == variation)
            #expect(plan(.variation, count, grown) == variation)
            #expect(plan(.initialization, count, grown).isEmpty)
            for state in [initial, single] {
                #expect(plan(.all, count, state) == ["x.generate": count])
                #expect(plan(.initialization, count, state) == ["x.generate": count])
                #expect(plan(.variation, count, state).isEmpty)
            }
            #expect(plan([], count, grown).isEmpty && plan([], count, initial).isEmpty)
        }
    }

    @Test(arguments: [LanguageOperators.initialization, .variation, .all, []])
    func ablationsLeaveTheRestToEvolution(_ operators: LanguageOperators) async throws {
        let space = try smallSpace()
        let model = AbleModel(space: space)
        let writing = try Writing()
        let proposers: [any Proposer] = [
            try writing.proposer(operators: operators),
            ChatProposer(
                StubChat { model.answer($0) }, shape: .tiny, prompts: try PromptLibrary(), operators: operators),
        ]
        for proposer in proposers {
            var search = try EvolutionarySearch(
                space: space, budget: Budget(rate: 0.3, of: space),
                settings: SearchSettings(population: 5, candidates: 18, seed: 2, generation: 4), proposer: proposer)
            var fitness = ToyFitness(space)
            #expect(try await search.run(&fitness) == .candidates)
            let names = Set(search.history.records.map(\.operator.rawValue))
            #expect(names.contains { $0.hasSuffix(".generate") } == operators.contains(.initialization))
            #expect(names.contains { $0.hasSuffix(".crossover") } == operators.contains(.variation))
            #expect(search.history.records.count == 18)
        }
    }
}

struct AgreementTests {
    @Test func agreementCountsWhatSomeParentHas() throws {
        let genes = try smallSpace(blocks: 2).genes
        let agreement = Agreement(child: [1, 8, 3, 0], parents: [[1, 7, 2, 0], [2, 8, 2, 1]], genes: genes)
        #expect(agreement.share == 0.75)
        #expect(abs(agreement.chance - (2.0 / 4 + 2.0 / 9 + 1.0 / 4 + 2.0 / 9) / 4) < 1e-12)
        #expect(Agreement(child: [], parents: [], genes: []) == Agreement(share: 0, chance: 0))
    }

    /// Of the parent's parts the second has nothing to give, and the last two are whole: of six possible moves, one goes to
    /// a part that is needed more.
    @Test func agreementCountsMovesToWhatIsNeededMore() throws {
        let genes = try smallSpace(blocks: 2).genes
        let values = [1, 0, genes[2].top, genes[3].top]
        let scores = [-1.0, 0, 1, 2]
        let moves = [Move(from: 0, to: 1, steps: 1), Move(from: 2, to: 0, steps: 1), Move(from: 3, to: 1, steps: 1)]
        let agreement = try #require(Agreement(moves: moves, scores: scores, of: values, genes: genes))
        #expect(agreement == Agreement(share: 1.0 / 3, chance: 1.0 / 6))
        #expect(Agreement(moves: moves, scores: nil, of: values, genes: genes) == nil)
        #expect(Agreement(moves: [], scores: scores, of: values, genes: genes) == nil)
    }
}

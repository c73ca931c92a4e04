import ChatClient
import Search
import Tokenization

/// One generation of `ChatProposer`. Every proposal is a task of its own; the endpoint limits how many run at a time.
struct ChatSession: Sendable {
    private let chat: any ChatCompleting
    private let prompts: PromptLibrary
    private let state: SearchState
    private let facts: PromptFacts
    private let schemas: ChatSchemas
    private let replies: ChatReplies
    /// As they are numbered in the prompt, worst first.
    private let shown: [FitnessRecord]

    init(_ chat: any ChatCompleting, _ shape: ModelShape, _ prompts: PromptLibrary, _ state: SearchState) {
        self.chat = chat
        self.prompts = prompts
        self.state = state
        let labels = state.space.partNames
        facts = PromptFacts(shape: shape, state: state, labels: labels)
        schemas = ChatSchemas(labels: labels, genes: state.space.genes)
        replies = ChatReplies(labels: labels, genes: state.space.genes)
        shown = state.shown(ChatProposer.shownCandidates, proposer: ChatProposer.name)
    }

    func run(_ plan: [OperatorCount]) async throws -> ProposalBatch {
        var slots: [(LanguageOperator, Int, Int)] = []
        for entry in plan {
            guard
                let name = LanguageOperator.allCases.first(where: { $0.name(of: ChatProposer.name) == entry.operator })
            else { continue }
            slots += (0..<entry.count).map { (name, $0, entry.count) }
        }
        return try await withThrowingTaskGroup(of: (Int, ProposalBatch).self) { group in
            for (place, slot) in slots.enumerated() {
                group.addTask { (place, try await propose(slot.0, slot.1, of: slot.2)) }
            }
            // In the order of the plan, whichever reply came first.
            var batches = [ProposalBatch?](repeating: nil, count: slots.count)
            for try await (place, batch) in group { batches[place] = batch }
            return batches.compactMap { $0 }.reduce(into: ProposalBatch()) { $0.append($1) }
        }
    }

    private func propose(_ name: LanguageOperator, _ slot: Int, of slots: Int) async throws -> ProposalBatch {
        var batch = ProposalBatch()
        do {
            batch.proposals.append(try await proposal(name, slot, of: slots))
        } catch let rejection as Rejection {
            batch.rejections.append(rejection)
        }
        return batch
    }

    // MARK: Operators

    private func proposal(_ name: LanguageOperator, _ slot: Int, of slots: Int) async throws -> Proposal {
        switch name {
        case .generate, .select:
            let reply = try await ask(.generate, .chatGenerate, schemas.levels, slot, of: slots)
            let row = try reply.read(replies.levels)
            return reply.proposal(
                state.space.candidate(genes: row), [],
                shown.isEmpty
                    ? nil : Agreement(child: row, parents: shown.map(facts.genes), genes: state.space.genes))
        case .crossover:
            let (parents, seconds) = try await select(slot, of: slots, for: .crossover)
            let reply = try await ask(
                .crossover, .chatCrossover, schemas.levels, slot, of: slots, parents, behind: seconds)
            let row = try reply.read(replies.levels)
            return reply.proposal(
                state.space.candidate(genes: row), parents.map(\.index),
                Agreement(child: row, parents: parents.map(facts.genes), genes: state.space.genes))
        case .mutate:
            let (pair, seconds) = try await select(slot, of: slots, for: .mutate)
            let parents = Array(pair.suffix(1))
            let reply = try await ask(.mutate, .chatMutate, schemas.moves, slot, of: slots, parents, behind: seconds)
            let moves = try reply.read(replies.moves)
            let genes = facts.genes(of: parents[0])
            let child = state.space.applying(moves, to: genes, budget: state.budget)
            guard child != genes else { throw reply.rejection(.noChange, "The moves change nothing") }
            return reply.proposal(
                state.space.candidate(genes: child), parents.map(\.index),
                Agreement(
                    moves: moves, scores: state.standardizedSensitivities, of: genes, genes: state.space.genes))
        }
    }

    /// Two parents, the better one last, and the seconds that choosing them took.
    private func select(
        _ slot: Int, of slots: Int, for purpose: LanguageOperator
    ) async throws -> (parents: [FitnessRecord], seconds: Double) {
        guard shown.count > 1 else {
            throw Rejection(
                purpose.name(of: ChatProposer.name), .noReply, "There are no two candidates to choose from")
        }
        let reply = try await ask(
            .select, .chatSelect, ChatSchemas.parents(of: shown.count), slot, of: slots, stream: purpose)
        let count = shown.count
        let pair = try reply.read { text throws(ChatReplies.Refusal) in try ChatReplies.parents(in: text, of: count) }
        return ([min(pair.0, pair.1), max(pair.0, pair.1)].map { shown[$0] }, reply.seconds)
    }

    // MARK: Asking

    /// - Parameters:
    ///   - stream: whose random numbers are used, when not the operator's own.
    ///   - behind: seconds that the requests before it took.
    /// - Throws: `Rejection` when there is no reply.
    private func ask(
        _ name: LanguageOperator, _ template: PromptLibrary.Name, _ schema: ChatRequest.Schema, _ slot: Int,
        of slots: Int, _ parents: [FitnessRecord] = [], stream: LanguageOperator? = nil, behind: Double = 0
    ) async throws -> LanguageReply {
        var values = facts.common(shown)
        values["slot"] = .integer(slot + 1)
        values["slots"] = .integer(slots)
        if let first = parents.first { values["first"] = facts.candidate(first, number: 1) }
        if let second = parents.last { values["second"] = facts.candidate(second, number: 2) }
        let label = name.stream(of: ChatProposer.name, for: stream)
        var generator = state.generator(label, slot: slot)
        let request = ChatRequest(
            messages: [
                .init(.system, try prompts.render(.chatSystem, values)),
                .init(.user, try prompts.render(template, values)),
            ], schema: schema, temperature: 0.9, seed: UInt32(truncatingIfNeeded: generator.next()),
            maximumTokens: 16 * state.space.genes.count + 256)
        let hash = request.hash
        let spoken = name.name(of: ChatProposer.name)
        let start = ContinuousClock.now
        func seconds() -> Double { behind + (ContinuousClock.now - start) / .seconds(1) }
        do {
            let reply = try await chat.complete(request)
            return LanguageReply(
                operator: spoken, text: reply.content, promptHash: hash, work: 0, seconds: seconds())
        } catch {
            if Task.isCancelled { throw CancellationError() }
            let reason: Rejection.Reason =
                switch error.code {
                case .circuitOpen: .endpointDown
                case .tooLarge: .tooLarge
                case .badReply: .malformed
                case .recordNotUsable: throw error
                case .badEndpoint, .badRequest, .unreachable, .timeout, .status, .notRecorded, .cancelled: .noReply
                }
            throw Rejection(spoken, reason, error.message, promptHash: hash, seconds: seconds())
        }
    }
}

extension LanguageReply {
    /// - Throws: `Rejection` for what a reader refuses.
    fileprivate func read<Value>(
        _ reader: (String) throws(ChatReplies.Refusal) -> Value
    ) throws(Rejection) -> Value {
        do {
            return try reader(text)
        } catch {
            throw rejection(error.reason, error.detail)
        }
    }
}

extension SearchSpace {
    /// `a0 m0 a1 …` for attention and MLP of each block, `b0 b1 …` where both have one level together.
    var partNames: [String] {
        genes.map { gene in
            let sublayer = sublayers[gene.members[0]]
            guard granularity == .sublayer else { return "b\(sublayer.block)" }
            return "\(sublayer.kind == .attention ? "a" : "m")\(sublayer.block)"
        }
    }
}

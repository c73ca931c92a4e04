import ChatClient
import Search
import Tokenization

/// One generation of `SelfProposer`: a shared prompt, and the requests behind it.
struct SelfSession {
    private let proposer: SelfProposer
    private let state: SearchState
    private let facts: PromptFacts
    private let grammar: ProposalGrammar
    /// As they are numbered in the prompt, worst first.
    private let shown: [FitnessRecord]
    private let common: [String: TemplateValue]
    private let prefix: String

    /// - Throws: `ProposerError.promptTooLong` when not even two candidates fit.
    init(_ proposer: SelfProposer, _ state: SearchState) throws {
        self.proposer = proposer
        self.state = state
        let labels = Labels.choose(state.space.genes.count, proposer.tokenizer)
        let facts = PromptFacts(shape: proposer.shape, state: state, labels: labels)
        self.facts = facts
        grammar = ProposalGrammar(labels: labels, genes: state.space.genes)
        let row = proposer.tokenizer.encode(facts.row(state.space.genes.map(\.top)), addingSpecialTokens: false).count
        for count in stride(from: SelfProposer.shownCandidates, through: 0, by: -1) {
            let shown = state.shown(count, proposer: SelfProposer.name)
            var common = facts.common(shown)
            common["chat"] = .boolean(proposer.template != nil)
            let prefix = try proposer.prompts.render(.selfPrefix, common) + "\n"
            // Behind it come at most two parents, the moves that were tried, and a row of its own.
            guard
                proposer.tokenizer.encode(prefix, addingSpecialTokens: true).count + 3 * row + 512 <= proposer.positions
                    || count == 0
            else {
                continue
            }
            (self.shown, self.common, self.prefix) = (shown, common, prefix)
            return
        }
        throw ProposerError(.promptTooLong, "The model's context is too short for a prompt")
    }

    // MARK: Operators

    func generate(_ count: Int, _ batch: inout ProposalBatch) throws {
        let prompt = try proposer.prompts.render(.selfGenerate, common)
        let replies = try ask(.generate, (0..<count).map { _ in (prompt, grammar.row) })
        for reply in replies {
            guard let row = grammar.row(in: reply.text) else {
                batch.rejections.append(reply.rejection(.malformed, "The reply is no row of levels"))
                continue
            }
            let parents = shown.map(facts.genes)
            batch.proposals.append(
                reply.proposal(
                    state.space.candidate(genes: row), [],
                    parents.isEmpty ? nil : Agreement(child: row, parents: parents, genes: state.space.genes)))
        }
    }

    func crossover(_ count: Int, _ batch: inout ProposalBatch) throws {
        let pairs = try select(count, for: .crossover, &batch)
        let replies = try ask(
            .crossover,
            pairs.map { pair in
                // The better parent stands last, next to the child.
                let (first, second) = pair.first < pair.second ? (pair.first, pair.second) : (pair.second, pair.first)
                return (try prompt(.selfCrossover, shown[first], shown[second]), grammar.row)
            })
        for (reply, pair) in zip(replies, pairs) {
            guard let row = grammar.row(in: reply.text) else {
                batch.rejections.append(reply.rejection(.malformed, "The reply is no row of levels"))
                continue
            }
            let parents = [shown[pair.first], shown[pair.second]]
            batch.proposals.append(
                reply.adding(pair.work, pair.seconds).proposal(
                    state.space.candidate(genes: row), parents.map(\.index),
                    Agreement(child: row, parents: parents.map(facts.genes), genes: state.space.genes)))
        }
    }

    func mutate(_ count: Int, _ batch: inout ProposalBatch) throws {
        let pairs = try select(count, for: .mutate, &batch)
        var parents: [(record: FitnessRecord, genes: [Int], work: Double, seconds: Double)] = []
        var requests: [(String, Grammar)] = []
        for pair in pairs {
            let record = shown[max(pair.first, pair.second)]
            let genes = facts.genes(of: record)
            guard let moves = grammar.moves(from: genes) else { continue }
            parents.append((record, genes, pair.work, pair.seconds))
            requests.append((try prompt(.selfMutate, record, record), moves))
        }
        for (reply, parent) in zip(try ask(.mutate, requests), parents) {
            guard let moves = grammar.moves(in: reply.text) else {
                batch.rejections.append(reply.rejection(.malformed, "The reply names no moves"))
                continue
            }
            let child = state.space.applying(moves, to: parent.genes, budget: state.budget)
            guard child != parent.genes else {
                batch.rejections.append(reply.rejection(.noChange, "The moves change nothing"))
                continue
            }
            batch.proposals.append(
                reply.adding(parent.work, parent.seconds).proposal(
                    state.space.candidate(genes: child), [parent.record.index],
                    Agreement(moves: moves, scores: state.standardizedSensitivities)))
        }
    }

    // MARK: Asking

    private struct Pair {
        /// Places in `shown`.
        var first: Int
        var second: Int
        var work = 0.0
        var seconds = 0.0
    }

    /// Parents as the model chooses them.
    private func select(
        _ count: Int, for purpose: LanguageOperator, _ batch: inout ProposalBatch
    ) throws -> [Pair] {
        guard shown.count > 1 else { return [] }
        let prompt = try proposer.prompts.render(.selfSelect, common)
        let form = ProposalGrammar.pair(of: shown.count)
        return try ask(.select, (0..<count).map { _ in (prompt, form) }, stream: purpose).compactMap { reply in
            guard let pair = ProposalGrammar.pair(in: reply.text), shown.indices.contains(pair.0),
                shown.indices.contains(pair.1)
            else {
                batch.rejections.append(reply.rejection(.unknownName, "The reply names no two candidates"))
                return nil
            }
            return Pair(first: pair.0, second: pair.1, work: reply.work, seconds: reply.seconds)
        }
    }

    private func prompt(
        _ name: PromptLibrary.Name, _ first: FitnessRecord, _ second: FitnessRecord
    ) throws(ProposerError) -> String {
        var values = common
        values["first"] = facts.candidate(first, number: 1)
        values["second"] = facts.candidate(second, number: 2)
        return try proposer.prompts.render(name, values)
    }

    private struct Reply {
        var `operator`: Operator
        var text: String
        var promptHash: String
        var work: Double
        var seconds: Double

        func adding(_ work: Double, _ seconds: Double) -> Reply {
            var reply = self
            reply.work += work
            reply.seconds += seconds
            return reply
        }

        func proposal(_ candidate: Candidate, _ parents: [Int], _ agreement: Agreement?) -> Proposal {
            Proposal(
                levels: candidate.levels, operator: `operator`, parents: parents, promptHash: promptHash,
                agreement: agreement, work: work, seconds: seconds)
        }

        func rejection(_ reason: Rejection.Reason, _ detail: String) -> Rejection {
            Rejection(`operator`, reason, detail, promptHash: promptHash, work: work, seconds: seconds)
        }
    }

    /// - Parameter stream: whose random numbers are used, when not the operator's own.
    private func ask(
        _ name: LanguageOperator, _ requests: [(prompt: String, grammar: Grammar)], stream: LanguageOperator? = nil
    ) throws -> [Reply] {
        guard !requests.isEmpty else { return [] }
        let start = ContinuousClock.now
        let label = "\(name.name(of: SelfProposer.name).rawValue).\(stream?.rawValue ?? "")"
        let parts = try requests.map { try split($0.prompt) }
        let output = try proposer.write(
            parts[0].shared,
            zip(parts, requests).enumerated().map { slot, request in
                ConstrainedSampler.Request(
                    suffix: request.0.rest, grammar: request.1.grammar,
                    temperature: SelfProposer.temperatures[name] ?? 0.8,
                    generator: state.generator(label, slot: slot))
            })
        let count = Double(requests.count)
        let seconds = (ContinuousClock.now - start) / .seconds(1) / count
        let work =
            (Double(output.promptTokens) + SelfProposer.tokensPerPass * Double(output.forwardPasses)) / count
        return zip(output.texts, requests).map { text, request in
            Reply(
                operator: name.name(of: SelfProposer.name), text: text,
                promptHash: ChatRequest(messages: [.init(.user, prefix + request.prompt)]).hash, work: work,
                seconds: seconds)
        }
    }

    /// What all requests share, and the rest of the prompt.
    private func split(_ prompt: String) throws -> (shared: String, rest: String) {
        guard let template = proposer.template else { return (prefix, prompt) }
        let rendered = try template.render(
            messages: [ChatMessage(role: "user", content: prefix + prompt)], addingGenerationPrompt: true,
            variables: proposer.tokenizer.templateVariables)
        guard let range = rendered.range(of: prefix) else { return ("", rendered) }
        return (String(rendered[..<range.upperBound]), String(rendered[range.upperBound...]))
    }
}

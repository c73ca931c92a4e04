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
    private var shown: [FitnessRecord] = []
    private var common: [String: TemplateValue] = [:]
    private var prefix = ""

    /// Shows as many candidates as fit.
    /// - Throws: `ProposerError`: `promptTooLong` when not even a prompt without candidates does, `badPrompt`.
    init(_ proposer: SelfProposer, _ state: SearchState) throws {
        self.proposer = proposer
        self.state = state
        let labels = Labels.choose(state.space.genes.count, proposer.tokenizer)
        facts = PromptFacts(shape: proposer.shape, state: state, labels: labels)
        grammar = ProposalGrammar(labels: labels, genes: state.space.genes)
        // A run that begins with this generation has nothing of those before.
        try proposer.forget()
        let most = min(SelfProposer.shownCandidates, state.population.count)
        for count in stride(from: most, through: 0, by: -1) {
            shown = state.shown(count, proposer: SelfProposer.name)
            (common, prefix) = try beginning(shown)
            if try longest() <= proposer.positions { return }
        }
        throw ProposerError(
            .promptTooLong, "The \(proposer.positions) tokens that the model may read do not hold a prompt")
    }

    /// What prompts that show the given candidates may use, and begin with.
    private func beginning(
        _ shown: [FitnessRecord]
    ) throws(ProposerError) -> (common: [String: TemplateValue], prefix: String) {
        var common = facts.common(shown)
        common["chat"] = .boolean(proposer.template != nil)
        return (common, try proposer.prompts.render(.selfPrefix, common) + "\n")
    }

    /// Tokens of the longest prompt with its reply.
    private func longest() throws -> Int {
        var prompts = [try proposer.prompts.render(.selfGenerate, common)]
        if shown.count > 1, var parent = shown.first {
            parent.candidate = state.space.candidate(genes: state.space.genes.map(\.top))
            prompts.append(try proposer.prompts.render(.selfSelect, common))
            prompts.append(try prompt(.selfCrossover, parent, parent))
            prompts.append(try prompt(.selfMutate, parent, parent))
        }
        let row = tokens(facts.row(state.space.genes.map(\.top)))
        let parts = try prompts.map { (prompt) throws(ProposerError) in try split(prompt, behind: prefix) }
        return tokens(parts[0].shared) + (parts.map { tokens($0.rest) }.max() ?? 0) + max(row, Self.movesTokens)
            + Self.spareTokens
    }

    /// A reply that names moves, in tokens of few letters.
    private static let movesTokens = 10 * ProposalGrammar.maximumMoves
    /// For special tokens, the line break, and what is encoded otherwise in its place.
    private static let spareTokens = 8

    private func tokens(_ text: String) -> Int {
        proposer.tokenizer.encode(text, addingSpecialTokens: false).count
    }

    // MARK: Operators

    /// Shows the best two candidates only: every token of a prompt is read again for every token of every row.
    func generate(_ count: Int, _ batch: inout ProposalBatch) throws {
        let shown = Array(shown.suffix(2))
        let (common, prefix) = try beginning(shown)
        let prompt = try proposer.prompts.render(.selfGenerate, common)
        let replies = try ask(.generate, (0..<count).map { _ in (prompt, grammar.row) }, prefix: prefix)
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

    /// Every pair has a brood: its prompt, which is long, is run once for all of it.
    func crossover(_ count: Int, _ batch: inout ProposalBatch) throws {
        let broods = (count + SelfProposer.brood - 1) / SelfProposer.brood
        let pairs = try select(broods, for: .crossover, &batch)
        var slot = 0
        for pair in pairs {
            let children = min(SelfProposer.brood, count - slot)
            // The better parent stands last, next to the child.
            let parents = [shown[min(pair.first, pair.second)], shown[max(pair.first, pair.second)]]
            let replies = try ask(
                .crossover,
                (0..<children).map { _ in (try prompt(.selfCrossover, parents[0], parents[1]), grammar.row) },
                slot: slot, prefix: "")
            slot += children
            for reply in replies {
                let reply = reply.adding(pair.work / Double(children), pair.seconds / Double(children))
                guard let row = grammar.row(in: reply.text) else {
                    batch.rejections.append(reply.rejection(.malformed, "The reply is no row of levels"))
                    continue
                }
                batch.proposals.append(
                    reply.proposal(
                        state.space.candidate(genes: row), parents.map(\.index),
                        Agreement(child: row, parents: parents.map(facts.genes), genes: state.space.genes)))
            }
        }
    }

    func mutate(_ count: Int, _ batch: inout ProposalBatch) throws {
        let pairs = try select(count, for: .mutate, &batch)
        var parents: [(record: FitnessRecord, genes: [Int], work: Double, seconds: Double)] = []
        var requests: [(String, Grammar)] = []
        for pair in pairs {
            let record = shown[max(pair.first, pair.second)]
            let genes = facts.genes(of: record)
            guard let moves = grammar.moves(from: genes) else {
                batch.rejections.append(
                    Rejection(
                        LanguageOperator.mutate.name(of: SelfProposer.name), .noChange,
                        "The parent allows no move", work: pair.work, seconds: pair.seconds))
                continue
            }
            parents.append((record, genes, pair.work, pair.seconds))
            requests.append((try prompt(.selfMutate, record, record), moves))
        }
        for (reply, parent) in zip(try ask(.mutate, requests), parents) {
            let reply = reply.adding(parent.work, parent.seconds)
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
                reply.proposal(
                    state.space.candidate(genes: child), [parent.record.index],
                    Agreement(
                        moves: moves, scores: state.standardizedSensitivities, of: parent.genes,
                        genes: state.space.genes)))
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
    /// - Throws: `ProposerError.promptTooLong` when there are no two to choose from.
    private func select(
        _ count: Int, for purpose: LanguageOperator, _ batch: inout ProposalBatch
    ) throws -> [Pair] {
        guard shown.count > 1 else {
            throw ProposerError(.promptTooLong, "The model's context does not hold two candidates and their child")
        }
        let prompt = try proposer.prompts.render(.selfSelect, common)
        let form = ProposalGrammar.pair(of: shown.count)
        return try ask(.select, (0..<count).map { _ in (prompt, form) }, stream: purpose).compactMap { reply in
            guard let pair = ProposalGrammar.pair(in: reply.text, of: shown.count) else {
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

    /// - Parameters:
    ///   - stream: whose random numbers are used, when not the operator's own.
    ///   - slot: of the first request, among all of the operator in this generation.
    ///   - prefix: what the requests begin with, when not with the candidates that the others begin with. They then have
    ///     one prompt, which is run once.
    private func ask(
        _ name: LanguageOperator, _ requests: [(prompt: String, grammar: Grammar)], stream: LanguageOperator? = nil,
        slot: Int = 0, prefix own: String? = nil
    ) throws -> [LanguageReply] {
        guard !requests.isEmpty else { return [] }
        let start = ContinuousClock.now
        let label = name.stream(of: SelfProposer.name, for: stream)
        let parts = try requests.map { request -> (shared: String, rest: String) in
            let parts = try split(request.prompt, behind: own ?? prefix)
            return own == nil ? parts : (parts.shared + parts.rest, "")
        }
        let output = try proposer.write(
            parts[0].shared,
            zip(parts, requests).enumerated().map { place, request in
                ConstrainedSampler.Request(
                    suffix: request.0.rest, grammar: request.1.grammar,
                    temperature: SelfProposer.temperatures[name] ?? 0.8,
                    generator: state.generator(label, slot: slot + place))
            })
        let count = Double(requests.count)
        let seconds = (ContinuousClock.now - start) / .seconds(1) / count
        let work =
            (Double(output.promptTokens) + SelfProposer.tokensPerPass * Double(output.forwardPasses)) / count
        return zip(output.texts, parts).map { text, part in
            LanguageReply(
                operator: name.name(of: SelfProposer.name), text: text,
                promptHash: ChatRequest(messages: [.init(.user, part.shared + part.rest)]).hash, work: work,
                seconds: seconds)
        }
    }

    /// What all requests share, and the rest of the prompt.
    private func split(
        _ prompt: String, behind prefix: String
    ) throws(ProposerError) -> (shared: String, rest: String) {
        guard let template = proposer.template else { return (prefix, prompt) }
        let rendered: String
        do {
            rendered = try template.render(
                messages: [ChatMessage(role: "user", content: prefix + prompt)], addingGenerationPrompt: true,
                variables: proposer.tokenizer.templateVariables)
        } catch {
            throw ProposerError(.badPrompt, "The model's chat template does not take a prompt: \(error.message)")
        }
        guard !prefix.isEmpty, let range = rendered.range(of: prefix) else { return ("", rendered) }
        return (String(rendered[..<range.upperBound]), String(rendered[range.upperBound...]))
    }
}

import ChatClient
import Models
import Search
import Synchronization
import Tokenization

/// The model under pruning proposes how to prune it: all four operators of the paper, in words that a grammar holds to
/// the form of a proposal.
///
/// Prompts are continuations of a pattern with a label before every value (language model crossover, arXiv
/// 2302.12170): with bare lists of numbers a small model loses its place and is a random operator.
package final class SelfProposer: Proposer {
    package enum Style: String, Sendable, CaseIterable {
        /// The prompt is the beginning of a text that the model goes on with: for base models and small ones.
        case continuation
        /// The prompt is a user's turn, in the checkpoint's own template: for models that follow instructions.
        case chat
    }

    package static let name = "self"

    /// Candidates that a prompt shows, as far as they fit.
    static let shownCandidates = 4
    /// Children of one pair of parents.
    static let brood = 8
    /// A pass that writes one token of each text takes about as long as so many tokens of a prompt.
    static let tokensPerPass = 16.0
    static let temperatures: [LanguageOperator: Double] = [.generate: 1, .select: 0.7, .crossover: 0.8, .mutate: 0.8]

    let shape: ModelShape
    let prompts: PromptLibrary
    let tokenizer: Tokenizer
    let positions: Int
    let template: ChatTemplate?
    private let operators: LanguageOperators
    private let sampler: Mutex<ConstrainedSampler>
    private let isCancelled: @Sendable () -> Bool

    /// - Parameters:
    ///   - positions: tokens of prompt and reply together.
    /// - Throws: `ProposerError`: a vocabulary or a chat template that is of no use.
    package init(
        _ model: LlamaModel, _ tokenizer: Tokenizer, shape: ModelShape, prompts: PromptLibrary, style: Style,
        positions: Int, operators: LanguageOperators = .all,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws {
        self.shape = shape
        self.prompts = prompts
        self.tokenizer = tokenizer
        self.positions = min(positions, model.maximumPositions)
        self.operators = operators
        self.isCancelled = isCancelled
        if style == .chat {
            guard let source = tokenizer.chatTemplate else {
                throw ProposerError(.badPrompt, "The model has no chat template")
            }
            do {
                template = try ChatTemplate(source)
                _ = try template?.render(
                    messages: [ChatMessage(role: "user", content: "?")], addingGenerationPrompt: true,
                    variables: tokenizer.templateVariables)
            } catch {
                throw ProposerError(
                    .badPrompt, "The model's chat template cannot be used: \(error.message), in its line \(error.line)")
            }
        } else {
            template = nil
        }
        sampler = Mutex(
            try ConstrainedSampler(
                model, tokenizer, positions: self.positions,
                sequences: Self.sequences(model, positions: self.positions)))
    }

    /// Replies that are written at a time. A function of the model alone: other batches round differently, and would
    /// make another search.
    private static func sequences(_ model: LlamaModel, positions: Int) -> Int {
        min(brood, max(1, (4 << 30) / max(1, positions * model.keyValueByteCount) - 1))
    }

    /// Bytes of keys and values that a proposer has, one more sequence for the prompt that all share.
    package static func byteCount(_ model: LlamaModel, positions: Int) -> Int {
        let positions = min(positions, model.maximumPositions)
        return (sequences(model, positions: positions) + 1) * positions * model.keyValueByteCount
    }

    package func plan(_ count: Int, in state: SearchState) -> [OperatorCount] {
        operators.plan(count, in: state, proposer: Self.name, batch: Self.brood)
    }

    /// What the model cannot write, say because a prompt does not fit its context, is rejected: evolution goes on without
    /// it, and the report says why.
    /// - Throws: `CancellationError`; `ProposerError.badPrompt`, which is the user's to put right.
    package func propose(_ plan: [OperatorCount], from state: SearchState) throws -> ProposalBatch {
        var batch = ProposalBatch()
        let wanted = plan.filter { $0.count > 0 }
        guard !wanted.isEmpty else { return batch }
        // Crossover replaces what the others have computed of their common prompt.
        let order: [LanguageOperator] = [.generate, .mutate, .crossover]
        let sorted = order.flatMap { name in wanted.filter { $0.operator == name.name(of: Self.name) } }
        let session = Result { try SelfSession(self, state) }
        for entry in sorted {
            do {
                let session = try session.get()
                switch entry.operator {
                case LanguageOperator.generate.name(of: Self.name): try session.generate(entry.count, &batch)
                case LanguageOperator.crossover.name(of: Self.name): try session.crossover(entry.count, &batch)
                case LanguageOperator.mutate.name(of: Self.name): try session.mutate(entry.count, &batch)
                default: break
                }
            } catch let error as CancellationError {
                throw error
            } catch let error as ProposerError where error.code == .badPrompt {
                throw error
            } catch {
                batch.rejections.append(Rejection(entry.operator, .noReply, "The model wrote nothing: \(error)"))
            }
        }
        return batch
    }

    /// What prompts computed so far is not used again: what follows is then the same in a run that begins here.
    func forget() throws { try sampler.withLock { try $0.forget() } }

    /// Runs requests behind a shared prefix.
    func write(
        _ prefix: String, _ requests: [ConstrainedSampler.Request]
    ) throws -> ConstrainedSampler.Output {
        let isCancelled = isCancelled
        return try sampler.withLock {
            try $0.generate(
                prefix: prefix, requests: requests, addingSpecialTokens: template == nil, isCancelled: isCancelled)
        }
    }
}

import ChatClient
import Foundation
import Journals
import Models
import Proposers
import Search
import Tokenization
import Transfer

/// The proposer of a search, and what is to be asked of it afterwards.
struct ChosenProposer {
    let proposer: any Proposer
    let chat: (any ChatCompleting)?
}

extension SearchOptions.Fitness {
    /// What the numbers are: the logarithm of a perplexity, not the perplexity.
    var unit: String { self == .kl ? "kl" : "nll" }
}

extension SearchOptions {
    /// Makes the proposer.
    /// - Parameter folder: of the run, where exchanges with an endpoint are recorded.
    /// - Throws: `ProposerError`, `ChatError`, `SelfPrunerError`.
    func makeProposer(
        _ prepared: PreparedModel, _ folder: RunFolder?, errors: [[Double]]?,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws -> ChosenProposer {
        let evolution = EvolutionProposer()
        func own(_ operators: LanguageOperators = .all) throws -> SelfProposer {
            try SelfProposer(
                prepared.model, prepared.tokenizer, shape: shape(prepared),
                prompts: prepared.prompts, style: style(prepared),
                positions: PreparedModel.promptPositions, operators: operators, isCancelled: isCancelled)
        }
        func endpoint() throws -> (ChatProposer, any ChatCompleting)? {
            guard let chat else { return nil }
            let completing = try chat.completing(folder)
            return (
                ChatProposer(completing, shape: shape(prepared), prompts: prepared.prompts),
                completing
            )
        }
        switch proposer {
        case .evolution: return ChosenProposer(proposer: evolution, chat: nil)
        case .surrogate: return ChosenProposer(proposer: SurrogateProposer(errors: errors), chat: nil)
        case .random, .uniform: return ChosenProposer(proposer: RandomProposer(), chat: nil)
        case .self: return ChosenProposer(proposer: try own(), chat: nil)
        case .selfWithoutInitialization: return ChosenProposer(proposer: try own(.variation), chat: nil)
        case .selfWithoutVariation: return ChosenProposer(proposer: try own(.initialization), chat: nil)
        case .chat:
            guard let (proposer, chat) = try endpoint() else {
                throw SelfPrunerError(.badOption, "The proposer chat needs an endpoint and the name of its model")
            }
            return ChosenProposer(proposer: proposer, chat: chat)
        case .adaptive:
            var members: [any Proposer] = [evolution, SurrogateProposer(errors: errors), try own()]
            let remote = try endpoint()
            if let remote { members.append(remote.0) }
            return ChosenProposer(proposer: AdaptiveProposer(members), chat: remote?.1)
        }
    }

    /// Whether the model under pruning is asked.
    var usesOwnModel: Bool {
        switch proposer {
        case .adaptive, .self, .selfWithoutInitialization, .selfWithoutVariation: true
        case .chat, .evolution, .surrogate, .random, .uniform: false
        }
    }

    private func shape(_ prepared: PreparedModel) -> ModelShape {
        let description = prepared.checkpoint.description
        return ModelShape(
            name: URL(fileURLWithPath: model).deletingPathExtension().lastPathComponent,
            blocks: description.blocks.count, hiddenSize: description.hiddenSize, parameters: description.parameters,
            rate: rate)
    }

    /// Small models do not follow instructions, but go on with a pattern.
    private func style(_ prepared: PreparedModel) -> SelfProposer.Style {
        switch promptStyle {
        case .continuation: .continuation
        case .chat: .chat
        case .auto:
            prepared.tokenizer.chatTemplate != nil && prepared.checkpoint.description.parameters >= 1_000_000_000
                ? .chat : .continuation
        }
    }
}

extension ChatOptions {
    /// Whether there is an endpoint of this form, or a record.
    /// - Throws: `ChatError`.
    func check() throws { _ = try completing(nil) }

    /// The endpoint with its record, or the record alone.
    fileprivate func completing(_ folder: RunFolder?) throws -> any ChatCompleting {
        let prices = promptPrice.map { ChatPrices(prompt: $0, completion: completionPrice ?? $0) }
        if let replay { return try ChatReplay(path: replay, prices: prices) }
        var configuration = try ChatConfiguration(endpoint: endpoint, model: model)
        configuration.concurrency = concurrency
        configuration.timeout = .seconds(timeout)
        // Time for a second attempt.
        configuration.deadline = max(configuration.deadline, .seconds(timeout) * 2.5)
        configuration.prices = prices
        let key = ProcessInfo.processInfo.environment[keyVariable].flatMap(AccessKey.init)
        let live = ChatEndpoint(configuration, key: key)
        guard let folder else { return live }
        return ResumingChat(live, record: try ChatRecord(path: folder.file("exchanges.jsonl")))
    }
}

import Search
import Tokenization

extension PromptLibrary {
    /// Renders every prompt with invented facts, so that a template's errors show before a search begins.
    /// - Throws: `ProposerError.badPrompt`.
    func check() throws(ProposerError) {
        for granularity in SearchSpace.Granularity.allCases {
            for generation in 0...1 {
                guard let state = Self.invented(granularity, generation) else { continue }
                let labels = state.space.partNames
                let facts = PromptFacts(
                    shape: ModelShape(name: "Model", blocks: 2, hiddenSize: 8, parameters: 100, rate: 0.5),
                    state: state, labels: labels)
                let shown = state.shown(2, proposer: "check")
                for isChat in [false, true] {
                    var values = facts.common(shown)
                    values["chat"] = .boolean(isChat)
                    values["slot"] = .integer(1)
                    values["slots"] = .integer(2)
                    for name in Name.allCases {
                        if let first = shown.first, let second = shown.last {
                            values["first"] = facts.candidate(first, number: 1)
                            values["second"] = facts.candidate(second, number: 2)
                        } else if name.hasParents {
                            continue
                        }
                        _ = try render(name, values)
                    }
                }
            }
        }
    }

    /// Generation 0 knows nothing, the next one has candidates, sensitivities and a move.
    private static func invented(_ granularity: SearchSpace.Granularity, _ generation: Int) -> SearchState? {
        let sublayers = (0..<2).flatMap { block in
            [SearchSpace.SublayerKind.attention, .mlp].map {
                SearchSpace.Sublayer(kind: $0, block: block, units: [0, 1, 2], parameters: [0, 10, 20])
            }
        }
        guard let space = try? SearchSpace(sublayers: sublayers, granularity: granularity) else { return nil }
        let records = [
            FitnessRecord(
                index: 0, candidate: Candidate(levels: [1, 1, 1, 1]), scores: [0.5], operator: .mutation),
            FitnessRecord(
                index: 1, candidate: Candidate(levels: [2, 2, 0, 0]), scores: [0.4], operator: .mutation, parents: [0]),
        ]
        return SearchState(
            space: space, budget: Budget(maximumParameters: 40), generation: generation,
            records: generation == 0 ? [] : records, isInitial: generation == 0,
            sensitivities: generation == 0 ? nil : [1, 2, 3, 4])
    }
}

extension PromptLibrary.Name {
    /// Whether its prompt is of one or two parents.
    fileprivate var hasParents: Bool {
        switch self {
        case .selfCrossover, .selfMutate, .chatCrossover, .chatMutate: true
        default: false
        }
    }
}

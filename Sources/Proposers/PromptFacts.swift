import Foundation
import Search
import Tokenization

/// What a prompt may say of a search: the shape of the model, the target, candidates as labelled small integers, how
/// much each part is needed, and the moves that were tried. Parts are the search space's genes, called by `labels`.
struct PromptFacts: Sendable {
    let shape: ModelShape
    let state: SearchState
    /// One for each gene.
    let labels: [String]

    /// Numbers of the genes' levels as they stand in a prompt: ` Aa=12 Ab=3 …`.
    func row(_ genes: [Int]) -> String {
        zip(labels, genes).reduce(into: "") { $0 += " \($1.0)=\($1.1)" }
    }

    /// What every prompt may use.
    /// - Parameter candidates: as they are numbered, from 1.
    func common(_ candidates: [FitnessRecord]) -> [String: TemplateValue] {
        [
            "model": .mapping([
                ("name", .string(shape.name)), ("blocks", .integer(shape.blocks)),
                ("hiddenSize", .integer(shape.hiddenSize)), ("parameters", .integer(shape.parameters)),
            ]),
            "target": .mapping([
                ("rate", .number(shape.rate)),
                ("removed", .integer(Int(exactly: (100 * shape.rate).rounded()) ?? 0)),
            ]),
            "granularity": .string(state.space.granularity.rawValue),
            "parts": .list(
                zip(labels, state.space.genes).map {
                    .mapping([("label", .string($0)), ("maximum", .integer($1.top))])
                }),
            "candidates": .list(candidates.enumerated().map { candidate($0.element, number: $0.offset + 1) }),
            "needs": .list(needs),
            "moves": .list(moves),
        ]
    }

    func candidate(_ record: FitnessRecord, number: Int) -> TemplateValue {
        .mapping([
            ("number", .integer(number)), ("fitness", .string(rounded(state.projectedFitness(of: record)))),
            ("row", .string(row(genes(of: record)))),
        ])
    }

    func genes(of record: FitnessRecord) -> [Int] {
        (try? state.space.genes(nearest: record.candidate.levels)) ?? state.space.genes.map(\.top)
    }

    private var needs: [TemplateValue] {
        guard let scores = state.standardizedSensitivities else { return [] }
        return zip(labels, scores).map { label, score in
            .mapping([
                ("label", .string(label)), ("score", .string(String(format: "%.1f", score))),
                ("digit", .integer(min(9, max(0, Int((4.5 + 2 * score).rounded()))))),
            ])
        }
    }

    /// The last ones, oldest first. A move that changed many parts is told by its first three.
    private var moves: [TemplateValue] {
        state.moves(limit: 8).reversed().compactMap { record in
            let losers = record.changes.filter { $0.by < 0 }
            let winners = record.changes.filter { $0.by > 0 }
            guard !losers.isEmpty, !winners.isEmpty else { return nil }
            let steps = losers.prefix(ProposalGrammar.maximumMoves).enumerated().map { place, loser in
                (
                    from: labels[loser.gene], steps: -loser.by,
                    to: labels[winners[min(place, winners.count - 1)].gene]
                )
            }
            return .mapping([
                ("accepted", .boolean(record.isAccepted)),
                ("text", .string(steps.map { " \($0.from)-\($0.steps)>\($0.to)" }.joined(separator: ","))),
                (
                    "steps",
                    .list(
                        steps.map {
                            .mapping([
                                ("from", .string($0.from)), ("steps", .integer($0.steps)), ("to", .string($0.to)),
                            ])
                        })
                ),
            ])
        }
    }

    private func rounded(_ value: Double) -> String { String(format: "%.3f", value) }
}

extension SearchState {
    /// Candidates that prompts show, worst first: the best ones, and of the other members of the population as many,
    /// drawn anew in every generation.
    func shown(_ count: Int, proposer: String) -> [FitnessRecord] {
        guard population.count > count else { return population.reversed() }
        let best = (count + 1) / 2
        var places = Set(0..<best)
        var generator = generator("\(proposer).shown")
        while places.count < count { places.insert(generator.uniform(below: population.count)) }
        return places.sorted(by: >).map { population[$0] }
    }
}

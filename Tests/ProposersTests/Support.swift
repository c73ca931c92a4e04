import ChatClient
import Foundation
import Search
import Synchronization

@testable import Proposers

/// Blocks of attention with 4 levels and MLP with 9, of unequal sizes.
func smallSpace(
    blocks: Int = 3, granularity: SearchSpace.Granularity = .sublayer, minimumLevel: Int = 0
) throws -> SearchSpace {
    try SearchSpace(
        sublayers: (0..<blocks).flatMap { block in
            [
                SearchSpace.Sublayer(
                    kind: .attention, block: block, units: Array(0...3), parameters: (0...3).map { $0 * 40 },
                    minimumLevel: minimumLevel),
                SearchSpace.Sublayer(
                    kind: .mlp, block: block, units: (0...8).map { $0 * 16 }, parameters: (0...8).map { $0 * 30 },
                    minimumLevel: minimumLevel),
            ]
        }, granularity: granularity)
}

extension SearchSpace {
    func parameters(_ levels: [Int]) -> Int { zip(sublayers, levels).reduce(0) { $0 + $1.0.parameters[$1.1] } }
}

/// Parts of unequal value, those of the last blocks the most.
func toyLoss(_ space: SearchSpace, _ levels: [Int]) -> Double {
    zip(space.sublayers, levels).enumerated().reduce(0.01) { loss, part in
        let (sublayer, level) = part.element
        let removed = 1 - Double(sublayer.parameters[level]) / Double(sublayer.fullParameters)
        return loss + Double(1 + part.offset * 5 % 7) * removed * removed
    }
}

struct ToyFitness: Fitness {
    let space: SearchSpace
    let rungTokens = [1024]
    /// Evaluated candidates, in order.
    var evaluated: [Candidate] = []

    init(_ space: SearchSpace) { self.space = space }

    mutating func evaluate(
        _ candidates: [Candidate], rung: Int, onResult: (Int, Double) throws -> Void
    ) throws {
        for (place, candidate) in candidates.enumerated() {
            evaluated.append(candidate)
            try onResult(place, toyLoss(space, candidate.levels))
        }
    }
}

extension ModelShape {
    static let tiny = ModelShape(name: "TinyLM", blocks: 3, hiddenSize: 48, parameters: 1080, rate: 0.3)
}

/// A state with `count` random candidates in generations of four, their fitness, and sensitivities. The population holds
/// all of them.
func smallState(
    _ space: SearchSpace, count: Int = 10, generation: Int? = nil, sensitive: Bool = true, isInitial: Bool = false,
    seed: UInt64 = 0
) throws -> SearchState {
    let budget = try Budget(rate: 0.3, of: space)
    var generator = SeededGenerator(seed: seed)
    var records: [FitnessRecord] = []
    var known: Set<Candidate> = []
    while records.count < count {
        let levels = space.sublayers.map { generator.uniform(below: $0.parameters.count) }
        let candidate = try space.repair(levels, to: budget)
        guard known.insert(candidate).inserted else { continue }
        let index = records.count
        records.append(
            FitnessRecord(
                index: index, generation: index / 4, candidate: candidate,
                scores: [toyLoss(space, candidate.levels)], operator: .mutation,
                parents: index >= 4 && index % 2 == 0 ? [index - 4] : []))
    }
    return SearchState(
        space: space, budget: budget, seed: 5, generation: generation ?? (count + 3) / 4 + 1, records: records,
        populationSize: max(count, 1), isInitial: isInitial,
        sensitivities: sensitive ? space.sublayers.indices.map { Double(1 + $0 * 5 % 7) } : nil)
}

/// A chat that a function answers, in memory.
final class StubChat: ChatCompleting {
    private let answer: @Sendable (ChatRequest) async throws(ChatError) -> String
    private let asked = Mutex<[ChatRequest]>([])

    init(_ answer: @escaping @Sendable (ChatRequest) async throws(ChatError) -> String) { self.answer = answer }

    /// In the order in which they came.
    var requests: [ChatRequest] { asked.withLock { $0 } }

    var usage: ChatUsage { ChatUsage() }

    func complete(_ request: ChatRequest) async throws(ChatError) -> ChatReply {
        asked.withLock { $0.append(request) }
        return ChatReply(content: try await answer(request), seconds: 0.25)
    }
}

/// What an able model answers to a request of `ChatSession`: another reply for another seed.
struct AbleModel: Sendable {
    let space: SearchSpace

    func answer(_ request: ChatRequest) -> String {
        var generator = SeededGenerator(seed: UInt64(request.seed ?? 0))
        let names = space.partNames
        switch request.schema?.name {
        case "parents":
            let shown = request.messages[1].content.split(separator: "\n").filter { $0.contains(". loss ") }.count
            let first = 1 + generator.uniform(below: max(shown, 2))
            return "{\"parents\": [\(first), \(first == 1 ? 2 : first - 1)]}"
        case "moves":
            let count = 1 + generator.uniform(below: 3)
            let moves = (0..<count).map { _ in
                let (from, to) = (generator.uniform(below: names.count), generator.uniform(below: names.count))
                return """
                    {"from": "\(names[from])", "steps": \(1 + generator.uniform(below: 4)), "to": "\(names[to])"}
                    """
            }
            return "{\"moves\": [\(moves.joined(separator: ", "))]}"
        default:
            let levels = zip(names, space.genes).map { "\"\($0)\": \(generator.uniform(below: $1.top + 1))" }
            return "```json\n{\"levels\": {\(levels.joined(separator: ", "))}}\n```"
        }
    }
}

extension LanguageOperator {
    var ofChat: Operator { name(of: ChatProposer.name) }
    var ofSelf: Operator { name(of: SelfProposer.name) }
}

extension ProposalBatch {
    /// The same batch without its times.
    var withoutTimes: ProposalBatch {
        var batch = self
        for place in batch.proposals.indices { batch.proposals[place].seconds = 0 }
        for place in batch.rejections.indices { batch.rejections[place].seconds = 0 }
        return batch
    }
}

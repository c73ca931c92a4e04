import Testing

@testable import Search

@Suite struct ProposerTests {
    /// Says what no proposer should, and sometimes nothing.
    private struct Wild: Proposer {
        static let name = Operator(rawValue: "wild")
        var count: Int
        var promptHash: String?

        func plan(_ count: Int, in state: SearchState) -> [OperatorCount] { [OperatorCount(Self.name, count)] }

        func propose(_ plan: [OperatorCount], from state: SearchState) async -> ProposalBatch {
            var generator = state.generator("wild")
            return ProposalBatch(
                (0..<plan[0].count).map { _ in
                    Proposal(
                        levels: randomLevels(count: count, &generator), operator: Self.name,
                        parents: [-1, 0, 1_000_000], promptHash: promptHash)
                },
                rejections: [Rejection(Self.name, .malformed, "Nonsense")])
        }
    }

    @Test func wildProposalsAreRepaired() async throws {
        let space = try smolLM2()
        var fitness = ToyFitness(interactingLoss(of: space))
        var run = try search(space, .init(candidates: 40), proposer: Wild(count: 60))
        #expect(try await run.run(&fitness) == .candidates)
        for candidate in fitness.evaluations { #expect(try space.repair(candidate, to: run.budget) == candidate) }
        #expect(run.history.records.dropFirst(4).allSatisfy { $0.parents == [0] })
        let wild = try #require(run.statistics.first { $0.operator == Wild.name })
        #expect((wild.evaluated, wild.rejected) == (36, 2))
    }

    @Test func wrongLengthsAreRejectedAndEvolutionFillsTheGeneration() async throws {
        let space = try smolLM2()
        var fitness = ToyFitness(interactingLoss(of: space))
        var run = try search(space, .init(candidates: 60), proposer: Wild(count: 59))
        #expect(try await run.run(&fitness) == .candidates)
        #expect(run.history.records.count == 60)
        #expect(run.history.rejections.filter { $0.reason == .wrongLength }.count == 56)
        #expect(run.history.records.dropFirst(4).allSatisfy { $0.operator != Wild.name })
    }

    /// Evolution that steps in draws other numbers than the evolution among the proposers did.
    @Test func whatStepsInIsNoCopy() async throws {
        struct HalfSilent: Proposer {
            func plan(_ count: Int, in state: SearchState) -> [OperatorCount] {
                [OperatorCount(.mutation, count / 2), OperatorCount(Operator(rawValue: "silent"), count - count / 2)]
            }
            func propose(_ plan: [OperatorCount], from state: SearchState) throws -> ProposalBatch {
                try EvolutionProposer().propose([plan[0]], from: state)
            }
        }
        let space = try smolLM2()
        var fitness = ToyFitness(interactingLoss(of: space))
        var run = try search(space, .init(candidates: 200), proposer: HalfSilent())
        #expect(try await run.run(&fitness) == .candidates)
        // Copies would be five in each of more than eight generations; a few are chance.
        #expect(run.history.records.reduce(0) { $0 + $1.duplicates } < 25)
    }

    @Test func aModelThatRepeatsItselfIsToldSo() async throws {
        struct Parrot: Proposer {
            func plan(_ count: Int, in state: SearchState) -> [OperatorCount] {
                [OperatorCount(Operator(rawValue: "parrot"), count)]
            }
            func propose(_ plan: [OperatorCount], from state: SearchState) -> ProposalBatch {
                ProposalBatch(
                    (0..<plan[0].count).map { _ in
                        Proposal(
                            levels: state.population[0].candidate.levels, operator: plan[0].operator, parents: [0],
                            promptHash: "abc")
                    })
            }
        }
        let space = try smolLM2()
        var fitness = ToyFitness(interactingLoss(of: space))
        var run = try search(space, .init(candidates: 60), proposer: Parrot())
        #expect(try await run.run(&fitness) == .candidates)
        #expect(run.history.rejections.count == 56)
        #expect(run.history.rejections.allSatisfy { $0.reason == .duplicate && $0.promptHash == "abc" })
    }

    @Test func movesTakeFromOneAndGiveToAnother() throws {
        let space = try smolLM2()
        let budget = try Budget(rate: 0.3, of: space)
        let start = try space.genes(nearest: space.repair(space.full.levels.map { $0 / 2 }, to: budget).levels)
        let moved = space.applying([Move(from: 3, to: 5, steps: 2)], to: start, budget: budget)
        #expect(moved[3] == start[3] - 2 && moved[5] >= start[5] + 2)
        #expect(moved.indices.allSatisfy { [3, 5].contains($0) || moved[$0] == start[$0] })
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            func wild() -> Int { [Int.min, -1, Int.max, generator.uniform(below: 70)][generator.uniform(below: 4)] }
            let moves = (0..<3).map { _ in Move(from: wild(), to: wild(), steps: wild()) }
            let result = space.applying(moves, to: start, budget: budget)
            #expect(space.parameters(ofGenes: result) <= budget.maximumParameters)
            #expect(zip(result, space.genes).allSatisfy { (0...$1.top).contains($0) })
        }
    }

    @Test func pastMovesSayWhatHelped() throws {
        let space = try evenSpace(sublayers: 4, levels: 4)
        func record(_ index: Int, _ levels: [Int], _ score: Double, _ parents: [Int]) -> FitnessRecord {
            FitnessRecord(
                index: index, candidate: Candidate(levels: levels), scores: [score], operator: .mutation,
                parents: parents)
        }
        let state = SearchState(
            space: space, budget: Budget(maximumParameters: 8), generation: 1,
            records: [
                record(0, [2, 2, 2, 2], 5, []), record(1, [1, 3, 2, 2], 4, [0]), record(2, [2, 2, 1, 3], 6, [0]),
                record(3, [4, 0, 2, 2], 1, [0, 1]),
            ])
        let moves = state.moves(limit: 10)
        #expect(
            moves == [
                MoveRecord(genes: [2, 3], amounts: [-1, 1], isAccepted: false),
                MoveRecord(genes: [0, 1], amounts: [-1, 1], isAccepted: true),
            ])
        #expect(state.moves(limit: 1).count == 1)
    }
}

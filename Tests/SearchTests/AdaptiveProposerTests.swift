import Testing

@testable import Search

@Suite struct AdaptiveProposerTests {
    private let good = Operator(rawValue: "good"), bad = Operator(rawValue: "bad"), dear = Operator(rawValue: "dear")

    private func state(_ children: [(Operator, Double, Double)]) throws -> SearchState {
        let space = try evenSpace(sublayers: 4, levels: 4)
        var records = (0..<8).map {
            FitnessRecord(
                index: $0, candidate: Candidate(levels: [$0]), scores: [1 + Double($0) / 10], operator: .uniformSeed)
        }
        for (place, child) in children.enumerated() {
            records.append(
                FitnessRecord(
                    index: 8 + place, generation: 1, candidate: Candidate(levels: [place]), scores: [child.1],
                    operator: child.0, parents: [0], proposalWork: child.2))
        }
        return SearchState(
            space: space, budget: Budget(maximumParameters: 8), generation: 2, records: records,
            evaluationTokens: 1000)
    }

    @Test func sharesFollowImprovementPerCost() throws {
        let children = (0..<10).flatMap { _ in [(good, 0.8, 0.0), (bad, 2.0, 0.0), (dear, 0.8, 3000.0)] }
        let shares = AdaptiveProposer([]).shares(of: [good, bad, dear], in: try state(children))
        #expect(abs(shares.reduce(0, +) - 1) < 1e-12)
        #expect(shares[0] > 2 * shares[2] && shares[2] > shares[1] && shares[1] >= 0.05)
    }

    /// What an endpoint says costs no tokens of this model, and yet is not free.
    @Test func whatOnlyFailsLosesItsShare() throws {
        let known = try state((0..<10).flatMap { _ in [(good, 0.8, 0.0), (bad, 1.6, 0.0)] })
        let state = SearchState(
            space: known.space, budget: known.budget, generation: 2, records: known.records,
            rejections: (0..<10).map { _ in
                var rejection = Rejection(dear, .noReply, "No connection")
                rejection.generation = 1
                return rejection
            }, evaluationTokens: 1000)
        let shares = AdaptiveProposer([]).shares(of: [good, bad, dear], in: state)
        #expect(shares[2] < shares[0] / 4 && shares[2] <= shares[1])
    }

    @Test func withoutKnowledgeAllAreAlike() throws {
        #expect(AdaptiveProposer([]).shares(of: [good, bad], in: try state([])) == [0.5, 0.5])
        #expect(AdaptiveProposer([]).shares(of: [good, bad], in: try state([(good, .infinity, 0)])) == [0.5, 0.5])
        #expect(AdaptiveProposer([]).plan(5, in: try state([])).isEmpty)
    }

    @Test(arguments: [0, 1, 7, 20]) func plansAddUp(count: Int) throws {
        let proposer = AdaptiveProposer([EvolutionProposer(), RandomProposer()])
        let plan = proposer.plan(count, in: try state([]))
        #expect(plan.reduce(0) { $0 + $1.count } == count)
        #expect(plan.map(\.operator) == [.mutation, .uniformCrossover, .onePointCrossover, .random])
        #expect(AdaptiveProposer.share(count, by: [0.5, 0.3, 0.2]).reduce(0, +) == count)
    }

    /// An operator that is best asked for many is asked seldom, but not less.
    @Test func batchesAreMadeTogether() throws {
        struct Dear: Proposer {
            func plan(_ count: Int, in state: SearchState) -> [OperatorCount] {
                [OperatorCount(Operator(rawValue: "batched"), count, batch: 8)]
            }
            func propose(_ plan: [OperatorCount], from state: SearchState) -> ProposalBatch { ProposalBatch() }
        }
        let proposer = AdaptiveProposer([EvolutionProposer(), RandomProposer(), Dear()])
        var counts: [Int] = []
        for generation in 0..<40 {
            let known = try state([])
            let state = SearchState(
                space: known.space, budget: known.budget, generation: generation, records: known.records)
            let plan = proposer.plan(20, in: state)
            #expect(plan.reduce(0) { $0 + $1.count } == 20)
            counts.append(plan.last?.count ?? 0)
        }
        #expect(counts.allSatisfy { $0 == 0 || $0 >= 6 })
        // One of five operators, none of which has improved anything.
        #expect((100...200).contains(counts.reduce(0, +)), "\(counts)")
    }

    /// An operator that never helps is used less and less.
    @Test func randomProposalsLoseTheirShare() async throws {
        let space = try smolLM2()
        var run = try search(
            space, .init(candidates: 300), proposer: AdaptiveProposer([EvolutionProposer(), RandomProposer()]))
        var fitness = ToyFitness(interactingLoss(of: space))
        try await run.run(&fitness)
        let last = run.history.records.suffix(100)
        #expect(last.filter { $0.operator == .random }.count < 15)
        #expect(last.filter { $0.operator == .mutation }.count > 15)
    }
}

import Compaction
import Factors
import Models
import Search
import Testing

struct CandidateModelsTests {
    @Test(arguments: Fixture.allCases, PruningMethod.allCases)
    func candidatesRunAsCompactedModels(_ fixture: Fixture, _ method: PruningMethod) throws {
        let prepared = try Prepared(fixture, method)
        let caching = CandidateModels(
            plan: prepared.plan, dense: prepared.model, space: prepared.space, memoryLimit: .max)
        let forgetful = CandidateModels(
            plan: prepared.plan, dense: prepared.model, space: prepared.space, memoryLimit: 0)
        // Twice, so that the second round comes from the cache.
        for candidate in prepared.candidates + prepared.candidates.reversed() {
            let blocks = prepared.plan.compact(try prepared.blocks(candidate))
            let expected = try prepared.logits(prepared.model(blocks))
            let model = try caching.model(candidate)
            #expect(model.description == blocks.description)
            #expect(try prepared.logits(model) == expected)
            #expect(try prepared.logits(forgetful.model(candidate)) == expected)
        }
    }

    /// Levels of the first MLP, everything else whole.
    private func candidate(_ prepared: Prepared, _ level: Int) -> Candidate {
        var candidate = prepared.space.full
        candidate.levels[1] = level
        return candidate
    }

    @Test func sublayersAreSharedBetweenCandidates() throws {
        let prepared = try Prepared(.untied, .nested)
        let models = CandidateModels(
            plan: prepared.plan, dense: prepared.model, space: prepared.space, memoryLimit: .max)
        let first = try models.model(candidate(prepared, 2))
        var other = candidate(prepared, 2)
        other.levels[4] = 1
        let second = try models.model(other)
        #expect(first.mlp[0] === second.mlp[0])
        #expect(first.mlp[0] !== prepared.model.mlp[0])
        // Whole sublayers are the dense model's own.
        #expect(first.attention[0] === prepared.model.attention[0] && second.mlp[1] === prepared.model.mlp[1])
        #expect(first.attention[2] !== second.attention[2])
        #expect(try models.model(other).attention[2] === second.attention[2])
    }

    @Test func leastRecentlyUsedGoesFirst() throws {
        let prepared = try Prepared(.untied, .nested)
        let sizes = try (0...3).map {
            try prepared.model(prepared.plan.compact(prepared.blocks(candidate(prepared, $0)))).mlp[0]
                .byteCount
        }
        let models = CandidateModels(
            plan: prepared.plan, dense: prepared.model, space: prepared.space, memoryLimit: sizes[2] + sizes[3])
        let first = try models.model(candidate(prepared, 2)).mlp[0]
        let second = try models.model(candidate(prepared, 1)).mlp[0]
        #expect(try models.model(candidate(prepared, 2)).mlp[0] === first)
        _ = try models.model(candidate(prepared, 3))
        #expect(try models.model(candidate(prepared, 2)).mlp[0] === first)
        #expect(try models.model(candidate(prepared, 1)).mlp[0] !== second)
    }

    @Test func nothingIsKeptWithoutMemory() throws {
        let prepared = try Prepared(.untied, .nested)
        let models = CandidateModels(plan: prepared.plan, dense: prepared.model, space: prepared.space, memoryLimit: 0)
        let first = try models.model(candidate(prepared, 2)).mlp[0]
        // The candidate at hand stays, others go.
        #expect(try models.model(candidate(prepared, 2)).mlp[0] === first)
        _ = try models.model(candidate(prepared, 3))
        #expect(try models.model(candidate(prepared, 2)).mlp[0] !== first)
    }

    @Test func candidatesOutsideTheSpaceAreErrors() throws {
        let prepared = try Prepared(.tied, .nested)
        let models = CandidateModels(plan: prepared.plan, dense: prepared.model, space: prepared.space, memoryLimit: 0)
        for levels in [[], [0], prepared.space.full.levels.map { $0 + 1 }, prepared.space.full.levels.map { _ in -1 }] {
            #expect(throws: SearchError.self) { _ = try models.model(Candidate(levels: levels)) }
        }
    }
}

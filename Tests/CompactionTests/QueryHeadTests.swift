import Checkpoints
import Compaction
import Evaluation
import Factors
import Kernels
import Models
import Search
import Testing

/// Attentions cut by query heads of their key/value groups.
struct QueryHeadTests {
    private static let methods = [PruningMethod.nested, .plain, .compensated]

    private func prepared(
        _ fixture: Fixture, _ method: PruningMethod = .nested, _ precision: Precision = .float32
    ) throws -> Prepared {
        try Prepared(fixture, method, precision, attentionUnit: .head, order: SurgeonOrder(ridge: 0.01))
    }

    private func attentions(_ space: SearchSpace) -> [(index: Int, sublayer: SearchSpace.Sublayer)] {
        space.sublayers.enumerated().filter { $0.element.kind == .attention }.map { ($0.offset, $0.element) }
    }

    // MARK: Levels

    /// Larger and larger shapes, each with less error than all before it; none was left out that would be one.
    @Test(arguments: Fixture.allCases, methods)
    func levelsAreAFront(_ fixture: Fixture, _ method: PruningMethod) throws {
        let prepared = try prepared(fixture, method)
        let description = prepared.model.description
        let levels = try #require(prepared.plan.attentionLevels)
        for (block, (index, sublayer)) in attentions(prepared.space).enumerated() {
            let plan = try #require(prepared.plan.attention[block])
            let shapes = levels[block]
            #expect(shapes.first == .nothing && shapes.last == plan.whole)
            #expect(sublayer.units == shapes.map(\.groups) && sublayer.heads == shapes.map(\.headsPerGroup))
            #expect(zip(sublayer.parameters, sublayer.parameters.dropFirst()).allSatisfy { $0 < $1 })
            func parameters(_ shape: AttentionShape) throws -> Int {
                var blocks = description.blocks
                blocks[block].attention = shape
                let all = description.pruned(to: blocks, addsBiases: method.addsBiases).decoderParameters
                return all - (prepared.space.fullParameters - sublayer.fullParameters)
            }
            #expect(try shapes.map(parameters) == sublayer.parameters)
            guard plan.whole.headsPerGroup > 1 else {
                #expect(shapes.count == plan.whole.groups + 1)
                continue
            }
            let losses = shapes.map(plan.loss)
            #expect(zip(losses, losses.dropFirst()).allSatisfy { $0 > $1 }, "sublayer \(index): \(losses)")
            for shape in plan.whole.parts(.head) where !shapes.contains(shape) {
                let smaller = try shapes.filter { try parameters($0) <= parameters(shape) }
                #expect(smaller.contains { plan.loss($0) <= plan.loss(shape) }, "\(shape)")
            }
        }
    }

    /// Two groups of three heads: one group with three has as many parameters as two with one each.
    @Test func ofEqualsTheBetterOneIsALevel() throws {
        let prepared = try prepared(.odd)
        for plan in prepared.plan.attention {
            let plan = try #require(plan)
            let (narrow, wide) = (
                AttentionShape(groups: 1, headsPerGroup: 3), AttentionShape(groups: 2, headsPerGroup: 1)
            )
            let description = prepared.model.description
            let sizes = [narrow, wide].map { shape in
                var blocks = description.blocks
                blocks[0].attention = shape
                return description.pruned(to: blocks, addsBiases: true).decoderParameters
            }
            #expect(sizes[0] == sizes[1])
            #expect(plan.loss(narrow) != plan.loss(wide))
        }
        for (levels, plan) in zip(try #require(prepared.plan.attentionLevels), prepared.plan.attention) {
            let plan = try #require(plan)
            let pair = [
                AttentionShape(groups: 1, headsPerGroup: 3), AttentionShape(groups: 2, headsPerGroup: 1),
            ].sorted { plan.loss($0) < plan.loss($1) }
            #expect(!levels.contains(pair[1]))
        }
    }

    /// Where every group has one head there is nothing to choose.
    @Test func headsOfTheirOwnGroupsAreCutAsBefore() throws {
        let (heads, groups) = (try prepared(.multiHead), try Prepared(.multiHead, .nested))
        #expect(groups.plan.attentionLevels == nil)
        for (one, other) in zip(heads.space.sublayers, groups.space.sublayers) {
            #expect(one.units == other.units && one.parameters == other.parameters)
        }
    }

    /// Before there is a plan: one shape of every size.
    @Test(arguments: Fixture.allCases)
    func sizesAreKnownBeforeThePlan(_ fixture: Fixture) throws {
        let prepared = try prepared(fixture)
        let description = prepared.model.description
        let space = try SearchSpace(
            description, granularity: .sublayer, channelStep: 20, addsBiases: true,
            attention: description.attentionLevels(addsBiases: true))
        #expect(space.fullParameters == prepared.space.fullParameters)
        #expect(space.minimumParameters == prepared.space.minimumParameters)
        for (before, after) in zip(space.sublayers, prepared.space.sublayers) {
            #expect(Set(before.parameters).isSuperset(of: after.parameters))
        }
    }

    /// Curves that seeds and the surrogate use.
    @Test func errorCurvesFallAtEveryLevel() throws {
        let prepared = try prepared(.untied)
        let curves = try #require(prepared.plan.residualErrors(in: prepared.space))
        for (curve, sublayer) in zip(curves, prepared.space.sublayers) {
            #expect(curve.count == sublayer.parameters.count && curve.last == 0)
            #expect(zip(curve, curve.dropFirst()).allSatisfy { $0 >= $1 })
            if sublayer.kind == .attention { #expect(zip(curve, curve.dropFirst()).allSatisfy { $0 > $1 }) }
        }
    }

    // MARK: Models

    /// Every level of every attention, and mixtures.
    private func candidates(_ prepared: Prepared) -> [Candidate] {
        var candidates = prepared.candidates
        for (index, sublayer) in attentions(prepared.space) {
            for level in 0..<sublayer.fullLevel {
                var candidate = prepared.space.full
                candidate.levels[index] = level
                candidates.append(candidate)
            }
        }
        return candidates
    }

    /// Heads and columns that are zero compute the same as heads and columns that are gone.
    @Test(arguments: [Fixture.tied, .untied, .biases, .odd], methods)
    func compactedLogitsEqualTheMaskedModels(_ fixture: Fixture, _ method: PruningMethod) throws {
        let prepared = try prepared(fixture, method)
        try prepared.expectCompactedEqualsMasked(candidates(prepared), distinct: 1e-4)
    }

    @Test(arguments: [Fixture.tied, .untied, .biases, .odd], methods)
    func parametersAreTheSpacesAndTheArrays(_ fixture: Fixture, _ method: PruningMethod) throws {
        let prepared = try prepared(fixture, method)
        try prepared.expectParametersOfSpaceAndArrays(candidates(prepared))
    }

    /// Any levels become a candidate that holds the budget, and from which no step up would.
    @Test(arguments: [Fixture.untied, .odd], [SearchSpace.Granularity.sublayer, .layer])
    func budgetsHold(_ fixture: Fixture, _ granularity: SearchSpace.Granularity) throws {
        let prepared = try prepared(fixture)
        let space = try SearchSpace(
            prepared.model.description, granularity: granularity, channelStep: 20, addsBiases: true,
            attention: prepared.plan.attentionLevels)
        var generator = Congruential(state: 4)
        for _ in 0..<200 {
            let room = space.fullParameters - space.minimumParameters
            let budget = Budget(maximumParameters: space.minimumParameters + generator.below(room))
            let levels = space.sublayers.map { generator.below($0.parameters.count) }
            let candidate = try space.repair(levels, to: budget)
            let kept = prepared.plan.compact(try space.blocks(of: candidate, in: prepared.model.description))
            #expect(kept.description.decoderParameters <= budget.maximumParameters)
            guard granularity == .sublayer else { continue }
            let slack = budget.maximumParameters - kept.description.decoderParameters
            for (sublayer, level) in zip(space.sublayers, candidate.levels) where level < sublayer.fullLevel {
                #expect(sublayer.parameters[level + 1] - sublayer.parameters[level] > slack)
            }
        }
    }

    @Test(arguments: Precision.supported)
    func candidatesAreEvaluatedAsCompactedModels(_ precision: Precision) throws {
        let prepared = try prepared(.untied, .nested, precision)
        let models = CandidateModels(
            plan: prepared.plan, dense: prepared.model, space: prepared.space, memoryLimit: .max)
        let text = try FitnessText(
            Fixture.windows([40, 20], seed: 9), mode: .kl, dense: prepared.model, in: prepared.workspace, topCount: 16)
        let evaluator = CandidateEvaluator(
            rungs: [text], models: models, dense: prepared.model, space: prepared.space,
            workspace: prepared.workspace, memory: EvaluationMemory(sublayers: .max, walking: .max, kept: 0))
        let candidates = candidates(prepared)
        let found = try evaluator.bits(candidates, 0)
        for (candidate, bits) in zip(candidates, found) {
            let model = try models.model(candidate)
            #expect(try text.score(model, in: prepared.workspace).bitPattern == bits)
            #expect(model.description.blocks == (try prepared.blocks(candidate)))
            for (block, shape) in model.description.blocks.enumerated() {
                #expect(model.attention[block].queryHeads == shape.queryHeads)
                #expect(model.attention[block].keyValueHeads == shape.keyValueHeads)
            }
        }
        #expect(Set(found.map { $0 ?? 0 }).count > candidates.count / 2)
    }

    /// A token at a time through the cache gives what the whole text gives.
    @Test(arguments: [Fixture.tied, .untied, .odd])
    func generationAgrees(_ fixture: Fixture) throws {
        let prepared = try prepared(fixture)
        let models = CandidateModels(
            plan: prepared.plan, dense: prepared.model, space: prepared.space, memoryLimit: .max)
        let tokens = Fixture.windows([12], seed: 3)[0]
        for candidate in candidates(prepared) {
            let model = try models.model(candidate)
            let whole = try prepared.logits(model, [tokens])
            let generator = Generator(model, capacity: 16)
            var last: [Float] = []
            _ = try generator.append(Array(tokens[..<5]))
            for token in tokens[5...] { last = Array(try generator.append([token])) }
            let expected = Array(whole.suffix(model.description.vocabularySize))
            #expect(largestDifference(last, expected) < 1e-3)
        }
    }
}

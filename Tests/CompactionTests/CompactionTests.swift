import Calibration
import Checkpoints
import Compaction
import Factors
import Kernels
import Models
import Search
import Testing

struct CompactionTests {
    @Test(arguments: Fixture.allCases, PruningMethod.allCases)
    func compactedLogitsEqualTheMaskedModels(_ fixture: Fixture, _ method: PruningMethod) throws {
        let prepared = try Prepared(fixture, method)
        try prepared.expectCompactedEqualsMasked(prepared.candidates, distinct: 1e-3)
    }

    @Test(arguments: Fixture.allCases, PruningMethod.allCases)
    func parametersAreTheSpacesAndTheArrays(_ fixture: Fixture, _ method: PruningMethod) throws {
        let prepared = try Prepared(fixture, method)
        try prepared.expectParametersOfSpaceAndArrays(prepared.candidates)
    }

    /// Cut parameters are gone from memory too: what the packed sublayers take shrinks with them.
    @Test func packedBytesShrink() throws {
        let prepared = try Prepared(.untied, .nested)
        let half = Candidate(levels: prepared.space.full.levels.map { $0 / 2 })
        let model = try prepared.model(prepared.plan.compact(prepared.blocks(half)))
        let bytes = { (model: LlamaModel) in
            model.attention.reduce(0) { $0 + $1.byteCount } + model.mlp.reduce(0) { $0 + $1.byteCount }
        }
        #expect(bytes(model) < bytes(prepared.model) * 2 / 3)
    }

    @Test(arguments: Fixture.allCases, PruningMethod.allCases)
    func wholeSublayersAreLeftAsTheyWere(_ fixture: Fixture, _ method: PruningMethod) throws {
        let prepared = try Prepared(fixture, method)
        let (dense, space) = (prepared.plan.dense, prepared.space)
        let blocks = prepared.plan.compact(try prepared.blocks(space.full))
        #expect(blocks.description.blocks == dense.description.blocks)
        for block in dense.attention.indices {
            let (attention, mlp) = (blocks.attention[block], blocks.mlp[block])
            #expect(attention.query == dense.attention[block].query && attention.key == dense.attention[block].key)
            #expect(attention.value == dense.attention[block].value)
            #expect(attention.output == dense.attention[block].output)
            #expect(mlp.gate == dense.mlp[block].gate && mlp.up == dense.mlp[block].up)
            #expect(mlp.down == dense.mlp[block].down)
            let zero = [Float](repeating: 0, count: dense.description.hiddenSize)
            let added = method.addsBiases ? zero : nil
            #expect(attention.outputBias == dense.attention[block].outputBias ?? added)
            #expect(mlp.downBias == dense.mlp[block].downBias ?? added)
        }
        #expect(try prepared.logits(prepared.model(blocks)) == prepared.logits(prepared.model))
    }

    /// Curves fall to 0 at the whole sublayer; Wanda-sp has none.
    @Test func errorCurvesCoverEveryLevel() throws {
        #expect(try Prepared(.tied, .plain).plan.residualErrors(in: Prepared(.tied, .plain).space) == nil)
        let prepared = try Prepared(.untied, .nested)
        let curves = try #require(prepared.plan.residualErrors(in: prepared.space))
        #expect(curves.count == prepared.space.sublayers.count)
        for (curve, sublayer) in zip(curves, prepared.space.sublayers) {
            #expect(curve.count == sublayer.units.count)
            #expect(curve[0] > 0 && curve.last == 0)
            #expect(zip(curve, curve.dropFirst()).allSatisfy { $0 >= $1 })
        }
    }

    /// The refit is worth its name: on the tokens it was made from, the logits stay nearer to the dense model's than with
    /// the same columns as they were. Only the last MLP is cut; what a cut changes in random weights after it is random.
    @Test(arguments: Fixture.allCases)
    func refitIsNearerToTheDenseModel(_ fixture: Fixture) throws {
        let distances = try [PruningMethod.nested, .plain].map { method in
            let prepared = try Prepared(fixture, method)
            var candidate = prepared.space.full
            candidate.levels[candidate.levels.count - 1] /= 2
            let pruned = try prepared.model(prepared.plan.compact(prepared.blocks(candidate)))
            var distance = 0.0
            for window in Prepared.calibrationWindows {
                let pairs = zip(try prepared.logits(pruned, [window]), try prepared.logits(prepared.model, [window]))
                distance += pairs.reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
            }
            return distance
        }
        #expect(distances[0] < distances[1])
    }

    @Test func planningCanBeCancelled() throws {
        let prepared = try Prepared(.tied, .plain)
        let checkpoint = try Fixture.tied.checkpoint()
        let calibration = try Calibration(prepared.model, [[1, 2, 3]], in: prepared.workspace)
        #expect(throws: CancellationError.self) {
            _ = try PruningPlan(
                DenseBlocks(checkpoint), calibration, method: .nested, ridge: 0.01, isCancelled: { true })
        }
    }
}

import Kernels
import Testing

@testable import Models

struct LlamaModelTests {
    /// Largest difference of any logit to transformers in float32: rounding, in another order. bfloat16 rounds weights
    /// and activations to 8 bits.
    @Test(arguments: Fixture.all, Precision.supported)
    func logitsEqualTransformers(_ fixture: Fixture, _ precision: Precision) throws {
        let model = try fixture.model(precision)
        let (reference, expected) = (try fixture.reference(), try fixture.logits())
        let batch = TokenBatch(reference.sequences)
        let workspace = Workspace(model, rows: batch.tokens.count + 3)
        try model.forward(batch, in: workspace)
        let count = batch.tokens.count * model.description.vocabularySize
        let output = AlignedBuffer(floats: count)
        try workspace.head.logits(workspace.output, rows: batch.tokens.count, into: output.floats)
        let difference = zip(output.array(count), expected.joined()).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(expected.joined().count == count)
        #expect(difference < (precision == .float32 ? 1e-4 : 0.3), "\(difference)")
    }

    /// Running together changes nothing but rounding: the rows of a batch do not see each other. oneDNN orders its sums by
    /// the rows and threads that there are, and either order is up to 1.9e-5 from transformers (on AVX2).
    @Test(arguments: Fixture.all, Precision.supported)
    func sequencesAreIndependent(_ fixture: Fixture, _ precision: Precision) throws {
        let model = try fixture.model(precision)
        let sequences = try fixture.reference().sequences
        let workspace = Workspace(model, rows: 80)
        let vocabulary = model.description.vocabularySize
        func logits(_ batch: TokenBatch) throws -> [Float] {
            try model.forward(batch, in: workspace)
            let output = AlignedBuffer(floats: batch.tokens.count * vocabulary)
            try workspace.head.logits(workspace.output, rows: batch.tokens.count, into: output.floats)
            return output.array(batch.tokens.count * vocabulary)
        }
        let together = try logits(TokenBatch(sequences))
        let alone = try sequences.flatMap { try logits(TokenBatch([$0])) }
        let difference = zip(together, alone).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(difference < 4e-5, "\(difference)")
    }

    /// Token by token through the cache, in uneven pieces: the same choices as transformers'.
    @Test(arguments: Fixture.all)
    func greedyContinuationEqualsTransformers(_ fixture: Fixture) throws {
        let model = try fixture.model(.float32)
        let reference = try fixture.reference()
        for (prompt, expected) in zip(reference.sequences, reference.greedy) {
            let generator = Generator(model, capacity: 64)
            var sampler = Sampler(temperature: 0, seed: 0)
            _ = try generator.append(Array(prompt[..<5]))
            _ = try generator.append([prompt[5]])
            var token = sampler.next(try generator.append(Array(prompt[6...])))
            var tokens = [token]
            while tokens.count < expected.count {
                token = sampler.next(try generator.append([token]))
                tokens.append(token)
            }
            #expect(tokens == expected)
        }
    }

    @Test func badTokensAndLengthsAreErrors() throws {
        let model = try Fixture.all[0].model(.float32)
        let workspace = Workspace(model, rows: 128)
        for token in [-1, 96, Int32.max] {
            #expect(throws: ModelError.self) { try model.forward(TokenBatch([[1, token]]), in: workspace) }
        }
        #expect(throws: ModelError.self) {
            try model.forward(TokenBatch([[Int32](repeating: 1, count: 65)]), in: workspace)
        }
        let empty = #expect(throws: ModelError.self) { try model.forward(TokenBatch([]), in: workspace) }
        #expect(empty?.code == .emptyInput)
        let generator = Generator(model, capacity: 8)
        _ = try generator.append([Int32](repeating: 1, count: 8))
        #expect(throws: ModelError.self) { _ = try generator.append([1]) }
    }

    /// Every sublayer's input is seen once, in order, with the widths of the model.
    @Test func projectionInputsAreObserved() throws {
        let model = try Fixture.all[0].model(.float32)
        var seen: [String] = []
        try model.forward(TokenBatch([[1, 2, 3]]), in: Workspace(model, rows: 3)) {
            seen.append("\($0.kind) \($0.block) \($0.rows)×\($0.width)")
        }
        let queryWidth = model.description.blocks[0].queryHeads * 16
        let channels = model.description.blocks[0].channels
        #expect(
            seen
                == (0..<model.description.blocks.count).flatMap {
                    ["attention \($0) 3×\(queryWidth)", "mlp \($0) 3×\(channels)"]
                })
    }

    @Test func samplingFollowsTheSeedAndTheTemperature() throws {
        let logits: [Float] = [0, 1, 2, 0.5]
        func draw(_ seed: UInt64, _ temperature: Double, _ count: Int) -> [Int32] {
            var sampler = Sampler(temperature: temperature, seed: seed)
            return logits.withUnsafeBufferPointer { logits in (0..<count).map { _ in sampler.next(logits) } }
        }
        #expect(draw(1, 1, 50) == draw(1, 1, 50))
        #expect(draw(1, 1, 50) != draw(2, 1, 50))
        #expect(Set(draw(1, 0, 10)) == [2])
        // p(2) = e²/(1 + e + e² + √e) = 0.579; 4 standard deviations of 4000 draws are 0.031.
        let share = Double(draw(3, 1, 4000).filter { $0 == 2 }.count) / 4000
        #expect(abs(share - 0.579) < 0.031)
    }
}

import Kernels
import Testing

@testable import Models

struct BranchTests {
    private func tokens(_ count: Int, _ seed: Int) -> [Int32] {
        (0..<count).map { Int32((($0 + 1) * 37 + seed * 11 + $0 * $0 * seed) % 96) }
    }

    /// Logits of the last token, from a pass of its own.
    private func alone(_ model: LlamaModel, _ tokens: [Int32]) throws -> [Float] {
        let generator = Generator(model, capacity: 64)
        return try withExtendedLifetime(generator) { Array(try generator.append(tokens)) }
    }

    /// Branches of two stems, between other sequences, each as if it had run with its prefix alone; twice, so that the
    /// second pass finds the first one's rows.
    @Test(arguments: Fixture.all)
    func branchesEqualWholeSequences(_ fixture: Fixture) throws {
        let model = try fixture.model(.float32)
        let vocabulary = model.description.vocabularySize
        let workspace = Workspace(model, rows: 300)
        let logits = AlignedBuffer(floats: 300 * vocabulary)
        for (seed, hasManyLengths) in [(1, false), (2, true), (3, false)] {
            var batch = TokenBatch([tokens(7, seed)])
            batch.hasManyLengths = hasManyLengths
            var expected = [(rows: batch.sequences[0], tokens: tokens(7, seed))]
            func append(_ part: [Int32], behind prefix: Range<Int> = 0..<0) -> Range<Int> {
                let before = Array(batch.tokens[prefix])
                let rows = batch.append(part, behind: prefix)
                expected.append((rows, before + part))
                return rows
            }
            let first = append(tokens(30, seed + 1))
            _ = append(tokens(4, seed + 2), behind: first.lowerBound..<first.lowerBound + 21)
            _ = append(tokens(34, seed + 3), behind: first)
            let second = append(tokens(5, seed + 4))
            _ = append(tokens(1, seed + 5), behind: first.lowerBound..<first.lowerBound + 1)
            _ = append(tokens(50, seed + 6), behind: second)
            _ = append(tokens(3, seed + 7))
            try model.forward(batch, in: workspace)
            try workspace.head.logits(workspace.output, rows: batch.tokens.count, into: logits.floats)
            for (rows, tokens) in expected {
                let found = UnsafeBufferPointer(
                    start: logits.floats + (rows.upperBound - 1) * vocabulary, count: vocabulary)
                let difference = zip(found, try alone(model, tokens)).reduce(0) { max($0, abs($1.0 - $1.1)) }
                #expect(difference < 1e-4, "\(rows) \(difference)")
            }
        }
    }

    /// A branch's positions are those of its prefix and its own.
    @Test func branchesThatAreTooLongAreErrors() throws {
        let model = try Fixture.all[0].model(.float32)
        let workspace = Workspace(model, rows: 128)
        var batch = TokenBatch([])
        let stem = batch.append(tokens(40, 1))
        batch.append(tokens(24, 2), behind: stem)
        try model.forward(batch, in: workspace)
        batch.append(tokens(25, 3), behind: stem)
        let error = #expect(throws: ModelError.self) { try model.forward(batch, in: workspace) }
        #expect(error?.code == .contextExceeded)
    }
}

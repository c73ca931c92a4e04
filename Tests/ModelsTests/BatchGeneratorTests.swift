import Kernels
import Testing

@testable import Models

struct BatchGeneratorTests {
    /// What `Generator` says of each sequence alone, in float32 but for the order of sums.
    private static let tolerance: Float = 1e-4

    /// Logits of the token behind `tokens`.
    private func alone(_ model: LlamaModel, _ tokens: [Int32]) throws -> [Float] {
        let generator = Generator(model, capacity: 64)
        return try withExtendedLifetime(generator) { Array(try generator.append(tokens)) }
    }

    private func expectRow(
        _ logits: UnsafeBufferPointer<Float>, _ row: Int, _ model: LlamaModel, _ tokens: [Int32],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let vocabulary = model.description.vocabularySize
        let expected = try alone(model, tokens)
        let difference = zip(logits[row * vocabulary..<(row + 1) * vocabulary], expected)
            .reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(expected.count == vocabulary)
        #expect(difference < Self.tolerance, "\(difference)", sourceLocation: sourceLocation)
    }

    private func tokens(_ count: Int, _ seed: Int) -> [Int32] {
        (0..<count).map { Int32((($0 + 1) * 37 + seed * 11 + $0 * $0 * seed) % 96) }
    }

    @Test(arguments: Fixture.all)
    func sequencesInLockStepEqualSingleOnes(_ fixture: Fixture) throws {
        let model = try fixture.model(.float32)
        let batch = BatchGenerator(model, capacity: 64, sequences: 4)
        let prefix = tokens(21, 1)
        #expect(try batch.setPrefix(prefix) == 21)
        batch.start(4)
        var texts = [[Int32]](repeating: prefix, count: 4)
        // Uneven pieces, and steps that leave some sequences out.
        for lengths in [[1, 3, 2, 1], [0, 1, 0, 4], [1, 1, 1, 1], [5, 0, 1, 0], [0, 0, 0, 1]] {
            let parts = lengths.enumerated().map { tokens($1, texts[$0].count + $0) }
            let logits = try batch.append(parts)
            #expect(logits.count == 4 * model.description.vocabularySize)
            for index in 0..<4 where lengths[index] > 0 {
                texts[index] += parts[index]
                #expect(batch.length(index) == texts[index].count)
                try expectRow(logits, index, model, texts[index])
            }
        }
        #expect(batch.forwardPasses == 6)
    }

    /// A prefix is run from where it differs from the last one, and forks never see what others appended.
    @Test func prefixesAreReused() throws {
        let model = try Fixture.all[0].model(.float32)
        let batch = BatchGenerator(model, capacity: 64, sequences: 3)
        let first = tokens(20, 1)
        for (prefix, ran, count) in [
            (first, 20, 2), (first, 0, 3), (first + tokens(7, 2), 7, 1), (Array(first[..<9]) + tokens(4, 3), 4, 3),
            (Array(first[..<5]), 0, 2), (first, 15, 3), ([], 0, 2),
        ] {
            #expect(try batch.setPrefix(prefix) == ran)
            batch.start(count)
            let parts = (0..<count).map { tokens(3 + $0, $0 + 5) }
            let logits = try batch.append(parts)
            for index in 0..<count { try expectRow(logits, index, model, prefix + parts[index]) }
        }
    }

    /// More tokens than one forward pass takes are spread over several.
    @Test func longAppendsRunInSeveralPasses() throws {
        let model = try Fixture.all[0].model(.float32)
        let batch = BatchGenerator(model, capacity: 30, sequences: 3)
        try batch.setPrefix(tokens(3, 1))
        batch.start(3)
        let parts = [tokens(25, 2), tokens(2, 3), tokens(20, 4)]
        let logits = try batch.append(parts)
        for index in 0..<3 { try expectRow(logits, index, model, tokens(3, 1) + parts[index]) }
        #expect(batch.forwardPasses == 3)
    }

    @Test func whatDoesNotFitIsAnError() throws {
        let model = try Fixture.all[0].model(.float32)
        let batch = BatchGenerator(model, capacity: 10, sequences: 2)
        #expect(throws: ModelError.self) { try batch.setPrefix(tokens(11, 1)) }
        try batch.setPrefix(tokens(9, 1))
        batch.start(2)
        #expect(throws: ModelError.self) { _ = try batch.append([[1], [1, 2]]) }
        #expect(throws: ModelError.self) { _ = try batch.append([[], []]) }
        #expect(throws: ModelError.self) { _ = try batch.append([[96], []]) }
        try batch.setPrefix(tokens(9, 1))
        batch.start(2)
        try expectRow(batch.append([[1], []]), 0, model, tokens(9, 1) + [1])
    }
}

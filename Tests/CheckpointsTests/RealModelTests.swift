import Foundation
import Testing

@testable import Checkpoints

/// SmolLM2-135M-Instruct.Q4_1.gguf, where `SELFPRUNER_TEST_MODEL` says it is.
private let realModel = ProcessInfo.processInfo.environment["SELFPRUNER_TEST_MODEL"]

@Suite(.enabled(if: realModel != nil, "SELFPRUNER_TEST_MODEL is not set"))
struct RealModelTests {
    @Test func `hyper-parameters`() throws {
        let checkpoint = try openCheckpoint(#require(realModel))
        let description = checkpoint.description
        #expect(
            description
                == ModelDescription(
                    architecture: .llama, hiddenSize: 576, vocabularySize: 49_152, headSize: 64, normEpsilon: 1e-5,
                    rope: RotaryEmbedding(theta: 100_000), contextLength: 8192, tiesEmbeddings: true,
                    blocks: Array(repeating: BlockShape(queryHeads: 9, keyValueHeads: 3, channels: 1536), count: 30),
                    beginOfTextToken: 1, endOfTextTokens: [2]))
        #expect(description.parameters == 134_515_008)
        guard case .gguf(let tokenizer) = checkpoint.tokenizer else {
            Issue.record("the tokenizer is not in the file")
            return
        }
        #expect(tokenizer.tokens.count == 49_152)
        #expect(tokenizer.merges.count == 48_900)
    }

    /// Sums and first elements as `gguf.quants.dequantize` gives them, rows of q and k back in their order.
    @Test(arguments: RealModelTests.expected)
    func `weights`(weight: Weight, sum: Double, second: [Float]) throws {
        let checkpoint = try openCheckpoint(#require(realModel))
        let values = try checkpoint.values(weight)
        let columns = try #require(checkpoint.description.weightShape(weight)?.columns)
        #expect(abs(values.reduce(0) { $0 + abs(Double($1)) } - sum) < 1e-6 * sum)
        #expect(zip(values[columns..<columns + 3], second).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    @Test func `every weight is finite`() throws {
        let start = ContinuousClock.now
        try openCheckpoint(#require(realModel)).readAll()
        print("read every weight in \(ContinuousClock.now - start)")
    }

    static let expected: [(Weight, Double, [Float])] = [
        (Weight(.tokenEmbedding), 2802153.619805813, [-0.0238037109375, -0.015869140625, -0.0396728515625]),
        (Weight(.queryProjection, block: 0), 63395.39872741699, [-0.1591796875, 0.39794921875, -0.0198974609375]),
        (Weight(.keyProjection, block: 29), 11157.1625289917, [0.05859375, -0.02734375, 0.1015625]),
        (Weight(.valueProjection, block: 7), 14284.74038696289, [0.0517578125, -0.1177978515625, -0.17431640625]),
        (Weight(.downProjection, block: 12), 134791.43049621582, [-0.100830078125, 0.0401611328125, -0.19482421875]),
    ]
}

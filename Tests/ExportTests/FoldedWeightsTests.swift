import Checkpoints
import Testing

@testable import Export

/// What llama.cpp's graph needs, block by block; that it computes the same is tested where models run.
struct FoldedWeightsTests {
    private static let whole = BlockShape(queryHeads: 4, keyValueHeads: 2, channels: 9)
    private static let noAttention = BlockShape(queryHeads: 0, keyValueHeads: 0, channels: 5)
    private static let noMLP = BlockShape(queryHeads: 2, keyValueHeads: 1, channels: 0)
    private static let gone = BlockShape(queryHeads: 0, keyValueHeads: 0, channels: 0)
    private static let head = BlockShape(queryHeads: 1, keyValueHeads: 1, channels: 5)

    struct Case: Sendable {
        var before: [BlockShape]
        var after: [BlockShape]
    }

    @Test(arguments: [
        Case(before: [whole, whole], after: [whole, whole]),
        Case(before: [whole, noAttention], after: [whole, noAttention]),
        Case(
            before: [whole, noMLP], after: [whole, BlockShape(queryHeads: 2, keyValueHeads: 1, channels: 32)]),
        Case(before: [noAttention, whole], after: [head, whole]),
        Case(before: [gone, whole], after: [BlockShape(queryHeads: 1, keyValueHeads: 1, channels: 32), whole]),
        Case(before: [whole, gone, gone, whole], after: [whole, whole]),
        Case(before: [whole, gone], after: [whole]),
    ])
    func shapes(_ test: Case) {
        let folded = FoldedWeights(MadeWeights(description: .made(test.before)))
        #expect(folded.description.blocks == test.after)
    }

    /// The constants of what is gone are added where the stream would take them.
    @Test func constantsGoToTheBlockBefore() throws {
        let base = MadeWeights(description: .made([Self.whole, Self.noAttention, Self.gone, Self.noMLP]))
        let folded = FoldedWeights(base)
        #expect(folded.description.blocks.count == 3)
        func sum(_ weights: [(Weight.Role, Int)]) throws -> [Float] {
            try weights.map { try base.matrix($0.0, $0.1) }.reduce([Float](repeating: 0, count: 12)) {
                zip($0, $1).map(+)
            }
        }
        #expect(try folded.matrix(.downBias, 0) == sum([(.downBias, 0), (.outputBias, 1)]))
        #expect(try folded.matrix(.downBias, 1) == sum([(.downBias, 1), (.outputBias, 2), (.downBias, 2)]))
        // Its MLP is gone; the channels in its place are zero, and the constant is their bias.
        #expect(try folded.matrix(.downBias, 2) == sum([(.downBias, 3)]))
        #expect(try folded.matrix(.downProjection, 2).allSatisfy { $0 == 0 })
        #expect(try folded.matrix(.outputBias, 2) == base.matrix(.outputBias, 3))
        #expect(try folded.matrix(.outputBias, 1).allSatisfy { $0 == 0 })
        #expect(try folded.matrix(.queryProjection, 2) == base.matrix(.queryProjection, 3))
        #expect(folded.origin(of: Weight(.queryProjection, block: 2)) == Weight(.queryProjection, block: 3))
        #expect(folded.origin(of: Weight(.gateProjection, block: 2)) == nil)
        #expect(folded.origin(of: Weight(.head)) == Weight(.head))
    }

    /// Nothing can stand before block 0: its attention stays as one head that is zero, and its constant with it.
    @Test func blockZeroKeepsAHead() throws {
        let base = MadeWeights(description: .made([Self.noAttention, Self.whole]))
        let folded = FoldedWeights(base)
        #expect(try folded.matrix(.outputBias, 0) == base.matrix(.outputBias, 0))
        #expect(try folded.matrix(.outputProjection, 0) == [Float](repeating: 0, count: 12 * 4))
        #expect(try folded.matrix(.attentionNorm, 0) == [Float](repeating: 1, count: 12))
        #expect(try folded.matrix(.downBias, 0) == base.matrix(.downBias, 0))
    }

    /// A model without biases gets none, unless it has a constant to add.
    @Test func biasesOnlyWhereThereAreConstants() {
        let plain = FoldedWeights(MadeWeights(description: .made([Self.whole, Self.noAttention], biases: [])))
        #expect(plain.description.biases == [])
        let attention = FoldedWeights(
            MadeWeights(description: .made([Self.whole, Self.noAttention], biases: .attentionOutput)))
        #expect(attention.description.biases == [.attentionOutput, .down])
    }
}

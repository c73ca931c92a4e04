import Checkpoints
import Testing

@testable import Export

struct PaddedWeightsTests {
    @Test func allBlocksAreAsWideAsTheWidest() throws {
        let base = MadeWeights(
            description: .made(
                [
                    BlockShape(queryHeads: 2, keyValueHeads: 2, channels: 3),
                    BlockShape(queryHeads: 2, keyValueHeads: 1, channels: 5),
                    BlockShape(queryHeads: 0, keyValueHeads: 0, channels: 0),
                ], hiddenSize: 8))
        let padded = PaddedWeights(base)
        let wide = BlockShape(queryHeads: 4, keyValueHeads: 2, channels: 5)
        #expect(padded.description.blocks == [wide, wide, wide])
        #expect(padded.description.isPlainLlama)
        #expect(padded.description.biases == [.queryKeyValue, .attentionOutput, .gateUp, .down])

        // One query head to a key/value head became two: the second of each pair is zero.
        let query = try padded.matrix(.queryProjection, 0)
        let narrow = try base.matrix(.queryProjection, 0)
        #expect(Array(query[0..<32]) == Array(narrow[0..<32]))
        #expect(query[32..<64].allSatisfy { $0 == 0 })
        #expect(Array(query[64..<96]) == Array(narrow[32..<64]))
        #expect(query[96...].allSatisfy { $0 == 0 })
        // The output projection reads them in the same places.
        let output = try padded.matrix(.outputProjection, 0)
        let narrowOutput = try base.matrix(.outputProjection, 0)
        for row in 0..<8 {
            #expect(Array(output[row * 16..<row * 16 + 4]) == Array(narrowOutput[row * 8..<row * 8 + 4]))
            #expect(output[row * 16 + 4..<row * 16 + 8].allSatisfy { $0 == 0 })
            #expect(Array(output[row * 16 + 8..<row * 16 + 12]) == Array(narrowOutput[row * 8 + 4..<row * 8 + 8]))
        }
        let down = try padded.matrix(.downProjection, 0)
        let narrowDown = try base.matrix(.downProjection, 0)
        for row in 0..<8 {
            #expect(Array(down[row * 5..<row * 5 + 3]) == Array(narrowDown[row * 3..<row * 3 + 3]))
            #expect(down[row * 5 + 3] == 0 && down[row * 5 + 4] == 0)
        }
        #expect(try padded.matrix(.queryBias, 0).allSatisfy { $0 == 0 })
        #expect(try padded.matrix(.attentionNorm, 2) == [Float](repeating: 1, count: 8))
        #expect(try padded.matrix(.downBias, 2) == base.matrix(.downBias, 2))
        #expect(try padded.matrix(.tokenEmbedding) == base.matrix(.tokenEmbedding))
    }

    /// Blocks with one, two and three query heads a group: each stands in the places of its own group.
    @Test func headsStayWithTheirGroups() throws {
        let shapes = [
            BlockShape(queryHeads: 3, keyValueHeads: 3, channels: 4),
            BlockShape(queryHeads: 4, keyValueHeads: 2, channels: 4),
            BlockShape(queryHeads: 3, keyValueHeads: 1, channels: 4),
        ]
        let base = MadeWeights(
            description: .made(shapes, hiddenSize: 36, biases: [.queryKeyValue, .attentionOutput]))
        let padded = PaddedWeights(base)
        let wide = BlockShape(queryHeads: 9, keyValueHeads: 3, channels: 4)
        #expect(padded.description.blocks == [wide, wide, wide] && padded.description.isPlainLlama)
        for (block, places) in [[0, 3, 6], [0, 1, 3, 4], [0, 1, 2]].enumerated() {
            let (query, narrow) = (try padded.matrix(.queryProjection, block), try base.matrix(.queryProjection, block))
            let (bias, narrowBias) = (try padded.matrix(.queryBias, block), try base.matrix(.queryBias, block))
            let output = try padded.matrix(.outputProjection, block)
            let narrowOutput = try base.matrix(.outputProjection, block)
            for place in 0..<9 {
                let rows = Array(query[place * 144..<(place + 1) * 144])
                let columns = (0..<36).map { Array(output[$0 * 36 + place * 4..<$0 * 36 + place * 4 + 4]) }
                guard let head = places.firstIndex(of: place) else {
                    #expect(rows.allSatisfy { $0 == 0 } && columns.joined().allSatisfy { $0 == 0 })
                    continue
                }
                #expect(rows == Array(narrow[head * 144..<(head + 1) * 144]))
                #expect(Array(bias[place * 4..<place * 4 + 4]) == Array(narrowBias[head * 4..<head * 4 + 4]))
                let width = places.count * 4
                #expect(
                    columns == (0..<36).map { Array(narrowOutput[$0 * width + head * 4..<$0 * width + head * 4 + 4]) })
            }
        }
    }

    /// transformers 5 loads no LLaMA whose number of heads does not divide the hidden size.
    @Test func headsDivideTheHiddenSize() {
        let blocks = [BlockShape(queryHeads: 5, keyValueHeads: 5, channels: 4)]
        let padded = PaddedWeights(MadeWeights(description: .made(blocks, hiddenSize: 24, headSize: 4)))
        #expect(padded.description.blocks[0].queryHeads == 6)
        // Three heads of one group where it once had four: no number of groups makes up for that.
        let three = [BlockShape(queryHeads: 3, keyValueHeads: 1, channels: 4)]
        let four = PaddedWeights(MadeWeights(description: .made(three, hiddenSize: 16, headSize: 4)))
        #expect(four.description.blocks == [BlockShape(queryHeads: 4, keyValueHeads: 1, channels: 4)])
    }

    @Test func aModelWithoutAttentionGetsOneHead() {
        let blocks = [BlockShape(queryHeads: 0, keyValueHeads: 0, channels: 4)]
        let padded = PaddedWeights(MadeWeights(description: .made(blocks)))
        #expect(padded.description.blocks == [BlockShape(queryHeads: 1, keyValueHeads: 1, channels: 4)])
    }
}

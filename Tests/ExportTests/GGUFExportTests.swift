import Checkpoints
import Foundation
import Testing

@testable import Export

struct GGUFExportTests {
    private static let tokenizer: GGUFTokenizerMetadata = {
        var metadata = GGUFTokenizerMetadata()
        metadata.model = "gpt2"
        metadata.preTokenizer = "smollm"
        metadata.tokens = (0..<17).map { Array("token\($0)".utf8) }
        metadata.tokenTypes = (0..<17).map { $0 < 4 ? 3 : 1 }
        metadata.merges = [Array("to ken".utf8)]
        metadata.beginOfTextToken = 1
        metadata.endOfTextToken = 2
        metadata.endOfTurnToken = 3
        metadata.addsBeginOfText = false
        metadata.chatTemplate = "{{ messages }}"
        return metadata
    }()

    private func export(
        _ weights: any WeightSource, _ quantization: GGUFQuantization, original: String? = nil
    ) -> GGUFExport {
        GGUFExport(
            weights, quantization: quantization,
            metadata: original.map { .copied(from: $0) } ?? .made(Self.tokenizer, name: "made"))
    }

    private func expectEqual(_ checkpoint: any Checkpoint, _ weights: any WeightSource) throws {
        #expect(checkpoint.description == weights.description)
        for shape in weights.description.weightShapes {
            let read = try checkpoint.matrix(shape.weight.role, shape.weight.block)
            #expect(try read == weights.matrix(shape.weight.role, shape.weight.block), "\(shape.weight)")
        }
    }

    private static let differing = [
        BlockShape(queryHeads: 4, keyValueHeads: 2, channels: 9),
        BlockShape(queryHeads: 0, keyValueHeads: 0, channels: 5),
        BlockShape(queryHeads: 2, keyValueHeads: 1, channels: 0),
    ]

    @Test(arguments: [GGUFQuantization.f32, .f16, .bf16], [false, true])
    func writtenModelIsReadBack(_ quantization: GGUFQuantization, _ ties: Bool) throws {
        let folder = try TemporaryFolder()
        let weights = MadeWeights(description: .made(Self.differing, ties: ties))
        try export(weights, quantization).write(to: folder("model.gguf"))
        let checkpoint = try openCheckpoint(folder("model.gguf"))
        try expectEqual(checkpoint, FoldedWeights(weights))
        let types = Set(checkpoint.storedTensors.filter { !$0.key.role.isBias }.values.map(\.elementType))
        #expect(types == ["F32", quantization.rawValue.uppercased()])
    }

    /// One, two and three query heads a group.
    @Test(arguments: [false, true])
    func headsPerGroupMayDiffer(_ beginsWithout: Bool) throws {
        let folder = try TemporaryFolder()
        var blocks = [
            BlockShape(queryHeads: 3, keyValueHeads: 3, channels: 9),
            BlockShape(queryHeads: 4, keyValueHeads: 2, channels: 5),
            BlockShape(queryHeads: 3, keyValueHeads: 1, channels: 7),
        ]
        if beginsWithout { blocks.insert(BlockShape(queryHeads: 0, keyValueHeads: 0, channels: 5), at: 0) }
        let weights = MadeWeights(description: .made(blocks))
        try export(weights, .f32).write(to: folder("model.gguf"))
        let checkpoint = try openCheckpoint(folder("model.gguf"))
        try expectEqual(checkpoint, FoldedWeights(weights))
        #expect(checkpoint.description.blocks.suffix(3) == blocks.suffix(3))
    }

    /// With and without biases, blocks left out, a whole file's metadata copied: the size is known before.
    @Test(arguments: [GGUFQuantization.f32, .bf16, .q80, .q4KM])
    func theSizeIsKnownBefore(_ quantization: GGUFQuantization) throws {
        let folder = try TemporaryFolder()
        let size = { try Data(contentsOf: URL(fileURLWithPath: folder("model.gguf"))).count }
        for ties in [false, true] {
            let weights = MadeWeights(description: .made(Self.differing, ties: ties))
            let made = export(weights, quantization)
            try made.write(to: folder("model.gguf"))
            #expect(try made.byteCount() == size())
            let unread = export(UnreadWeights(weights.description), quantization)
            #expect(try unread.byteCount() == size())
            try FileManager.default.moveItem(atPath: folder("model.gguf"), toPath: folder("first.gguf"))
            let again = export(weights, quantization, original: folder("first.gguf"))
            try again.write(to: folder("model.gguf"))
            #expect(try again.byteCount() == size())
            for name in ["first", "model"] { try FileManager.default.removeItem(atPath: folder("\(name).gguf")) }
        }
    }

    @Test func metadata() throws {
        let folder = try TemporaryFolder()
        try export(MadeWeights(description: .made(Self.differing)), .f16).write(to: folder("model.gguf"))
        guard case .gguf(let read) = try openCheckpoint(folder("model.gguf")).tokenizer else {
            Issue.record("no GGUF tokenizer")
            return
        }
        let written = Self.tokenizer
        #expect(read.tokens == written.tokens && read.merges == written.merges && read.tokenTypes == written.tokenTypes)
        #expect(read.model == "gpt2" && read.preTokenizer == "smollm" && read.chatTemplate == "{{ messages }}")
        #expect(read.beginOfTextToken == 1 && read.endOfTextToken == 2 && read.endOfTurnToken == 3)
        #expect(read.addsBeginOfText == false)
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: folder("model.gguf"))), as: UTF8.self)
        for key in [
            "deci.attention.head_count_kv", "deci.attention.key_length", "deci.attention.value_length",
            "deci.rope.dimension_count", "deci.feed_forward_length", "general.file_type",
        ] {
            #expect(text.contains(key), "\(key)")
        }
    }

    /// Blocks that are all alike need no architecture of their own.
    @Test func aUniformModelIsPlainLlama() throws {
        let folder = try TemporaryFolder()
        let gone = BlockShape(queryHeads: 0, keyValueHeads: 0, channels: 0)
        let weights = MadeWeights(description: .made([Self.differing[0], gone, Self.differing[0]]))
        try export(weights, .f32).write(to: folder("model.gguf"))
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: folder("model.gguf"))), as: UTF8.self)
        #expect(text.contains("llama.block_count") && !text.contains("deci"))
        try expectEqual(openCheckpoint(folder("model.gguf")), FoldedWeights(weights))
    }

    /// Everything that another GGUF file says of itself comes along, except what is no longer so.
    @Test func metadataOfAnOriginalComesAlong() throws {
        let folder = try TemporaryFolder()
        let dense = MadeWeights(description: .made([Self.differing[0], Self.differing[0]]))
        try export(dense, .f16).write(to: folder("dense.gguf"))
        let smaller = MadeWeights(description: .made(Self.differing))
        var other = export(smaller, .f32, original: folder("dense.gguf"))
        try other.write(to: folder("smaller.gguf"))
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: folder("smaller.gguf"))), as: UTF8.self)
        #expect(!text.contains("llama."))
        #expect(text.contains("{{ messages }}") && text.contains("made"))
        let checkpoint = try openCheckpoint(folder("smaller.gguf"))
        try expectEqual(checkpoint, FoldedWeights(smaller))
        // And once more, from a file with sizes per block.
        other = export(dense, .f32, original: folder("smaller.gguf"))
        try other.write(to: folder("again.gguf"))
        try expectEqual(openCheckpoint(folder("again.gguf")), FoldedWeights(dense))
    }

    @Test(arguments: [
        RotaryEmbedding(theta: 10000, scaling: .linear(factor: 4)),
        RotaryEmbedding(
            theta: 500_000,
            scaling: .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 32)),
        RotaryEmbedding(theta: 10000, scaling: .divisors([1, 2.5])),
    ])
    func rotaryScaling(_ rope: RotaryEmbedding) throws {
        let folder = try TemporaryFolder()
        let weights = MadeWeights(description: .made([Self.differing[0], Self.differing[1]], rope: rope))
        try export(weights, .f32).write(to: folder("model.gguf"))
        let read = try openCheckpoint(folder("model.gguf")).description
        for (a, b) in zip(read.rope.frequencies(headSize: 4), rope.frequencies(headSize: 4)) {
            #expect(abs(a - b) <= 1e-6 * b)
        }
    }

    /// Quantised weights come back as ggml's own quantiser and dequantiser make them.
    @Test(arguments: GGUFQuantization.allCases.filter(\.isQuantised))
    func quantised(_ quantization: GGUFQuantization) throws {
        let folder = try TemporaryFolder()
        let shape = BlockShape(queryHeads: 4, keyValueHeads: 2, channels: 256)
        let weights = MadeWeights(
            description: .made(
                [shape, BlockShape(queryHeads: 2, keyValueHeads: 1, channels: 64)], hiddenSize: 256,
                headSize: 64))
        let export = export(weights, quantization)
        try export.write(to: folder("model.gguf"))
        let checkpoint = try openCheckpoint(folder("model.gguf"))
        let expected = RoundedWeights(weights, types: export.types)
        try expectEqual(checkpoint, expected)
        // So many steps are there on either side of zero: `q4_k_m` has 8.
        let bits = try #require(quantization.rawValue.first(where: \.isNumber)?.wholeNumberValue)
        let steps = Float(1 << (bits - 1))
        var farthest: Float = 0
        for shape in weights.description.weightShapes where shape.columns != nil {
            let read = try checkpoint.matrix(shape.weight.role, shape.weight.block)
            let before = try weights.matrix(shape.weight.role, shape.weight.block)
            let largest = before.map(abs).max() ?? 0
            farthest = max(farthest, (zip(read, before).map { abs($0 - $1) }.max() ?? 0) / largest)
        }
        // Half a step, or a whole one at the end that has one step less; factors of blocks are rounded too.
        #expect(farthest > 0 && farthest < 1.1 / steps, "\(farthest * steps) steps")
    }

    /// llama.cpp has one width for the biases of queries: that of the hidden state.
    @Test func queryBiasesOfPrunedHeadsAreRefused() throws {
        let folder = try TemporaryFolder()
        let blocks = [BlockShape(queryHeads: 2, keyValueHeads: 1, channels: 5)]
        let weights = MadeWeights(description: .made(blocks, biases: .queryKeyValue))
        let error = #expect(throws: ExportError.self) { try export(weights, .f32).write(to: folder("model.gguf")) }
        #expect(error?.code == .unsupported)
        #expect(try folder.contents().isEmpty)
    }

    @Test func unwritableFilesAreErrors() throws {
        let folder = try TemporaryFolder()
        let weights = MadeWeights(description: .made(Self.differing))
        for path in [folder("missing/model.gguf"), folder.path] {
            let error = #expect(throws: ExportError.self) { try export(weights, .f32).write(to: path) }
            #expect(error?.code == .notWritable)
        }
        #if os(Linux)
            let error = #expect(throws: ExportError.self) { try export(weights, .f32).write(to: "/dev/full") }
            #expect(error?.code == .notWritable)
        #endif
    }
}

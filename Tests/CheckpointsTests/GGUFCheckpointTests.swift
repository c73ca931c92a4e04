import Foundation
import Testing

@testable import Checkpoints

struct GGUFCheckpointTests {
    /// Every element type, the row order of q and k, biases, uneven blocks: against the `gguf` package.
    @Test(arguments: ["mixed", "uneven"])
    func `weights equal those of the reference`(model: String) throws {
        let checkpoint = try GGUFCheckpoint(path: Fixture.path("\(model).gguf"))
        let expected = try Fixture.expected(model)
        let shapes = checkpoint.description.weightShapes
        #expect(Set(expected.map(\.name)) == Set(shapes.map(\.huggingFaceKey)))
        for (name, shape, elementType, values) in expected {
            let stated = try #require(shapes.first { $0.huggingFaceKey == name })
            #expect(stated.shape == shape)
            #expect(checkpoint.storedTensors[stated.weight]?.elementType == elementType)
            let read = try checkpoint.values(stated.weight)
            // ggml may fuse the multiplication with the addition: one unit in the last place of the larger.
            let error = zip(read, values).map { abs($0 - $1) }.max() ?? .infinity
            #expect(error < 1e-6, "\(name): off by \(error)")
        }
    }

    /// llama.cpp takes each bias by itself; one that is not there adds nothing.
    @Test func `biases that are absent are zero`() throws {
        var builder = GGUFBuilder.model()
        builder.tensors.append(
            GGUFBuilder.Tensor(name: "blk.0.attn_q.bias", dimensions: [8], data: ModelBuilder.ramp([8])))
        let folder = FileManager.default.temporaryDirectory.appending(path: "bias-\(UUID().uuidString).gguf")
        try Data(builder.bytes()).write(to: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        let checkpoint = try GGUFCheckpoint(path: folder.path)
        #expect(checkpoint.description.biases == .queryKeyValue)
        #expect(try checkpoint.values(.keyBias, 0) == [Float](repeating: 0, count: 8))
        #expect(try checkpoint.values(.queryBias, 0)?.contains { $0 != 0 } == true)
        #expect(checkpoint.storedTensors[Weight(.keyBias, block: 0)] == nil)
    }

    @Test func `hyper-parameters of uniform blocks`() throws {
        let checkpoint = try GGUFCheckpoint(path: Fixture.path("mixed.gguf"))
        let expected = ModelDescription(
            architecture: .llama, hiddenSize: 32, vocabularySize: 24, headSize: 8, normEpsilon: 1e-5,
            rope: RotaryEmbedding(theta: 50_000), contextLength: 64, tiesEmbeddings: false,
            biases: [.queryKeyValue, .attentionOutput],
            blocks: Array(repeating: BlockShape(queryHeads: 4, keyValueHeads: 2, channels: 64), count: 2),
            beginOfTextToken: 1, endOfTextTokens: [2])
        #expect(checkpoint.description == expected)
        #expect(checkpoint.format == .gguf)
    }

    @Test func `hyper-parameters of uneven blocks`() throws {
        let description = try GGUFCheckpoint(path: Fixture.path("uneven.gguf")).description
        #expect(
            description.blocks == [
                BlockShape(queryHeads: 4, keyValueHeads: 2, channels: 64),
                BlockShape(queryHeads: 2, keyValueHeads: 1, channels: 32),
                BlockShape(queryHeads: 6, keyValueHeads: 2, channels: 96),
            ])
        #expect(description.rope == RotaryEmbedding(theta: 10_000, scaling: .divisors([1, 1, 4, 8])))
        #expect(description.tiesEmbeddings)
        #expect(description.biases == [])
    }

    @Test func `tokenizer strings keep their bytes`() throws {
        guard case .gguf(let tokenizer) = try GGUFCheckpoint(path: Fixture.path("mixed.gguf")).tokenizer else {
            Issue.record("the tokenizer is not in the file")
            return
        }
        #expect(tokenizer.model == "gpt2")
        #expect(tokenizer.preTokenizer == "smollm")
        #expect(tokenizer.tokens.count == 24)
        #expect(tokenizer.tokens[3] == [0xC3, 0xA9])
        #expect(tokenizer.tokens[4] == [0x65, 0xCC, 0x81])
        #expect(tokenizer.tokens[5] == [0x61, 0, 0x62])
        #expect(tokenizer.tokens[6] == [0xFF, 0xFE])
        #expect(tokenizer.tokenTypes == [3, 3, 3] + Array(repeating: 1, count: 21))
        #expect(tokenizer.merges == [Array("a b".utf8), Array("ab c".utf8)])
        #expect(tokenizer.unknownToken == 0)
        #expect(tokenizer.beginOfTextToken == 1)
        #expect(tokenizer.endOfTextToken == 2)
        #expect(tokenizer.addsBeginOfText == true)
        #expect(tokenizer.addsSpacePrefix == false)
        #expect(tokenizer.chatTemplate == "{{ messages }}")
    }

    @Test func `opens by content and from a folder`() throws {
        let folder = try TemporaryFolder()
        let bytes = GGUFBuilder.model().bytes()
        let file = try folder.write(bytes, to: "any.name")
        #expect(try openCheckpoint(file).format == .gguf)
        #expect(try checkpointError { _ = try openCheckpoint(folder.path) }.code == .notACheckpoint)
        try folder.write(bytes, to: "model.gguf")
        #expect(try openCheckpoint(folder.path).format == .gguf)
        try folder.write(bytes, to: "other.gguf")
        #expect(try checkpointError { _ = try openCheckpoint(folder.path) }.code == .notACheckpoint)
        #expect(try checkpointError { _ = try openCheckpoint("\(folder.path)/absent") }.code == .notFound)
    }

    @Test(arguments: [
        ("Owner/Some-Model_1.5B", true), ("01-ai/model", true), ("model", false), ("./model", false),
        ("runs/model.gguf", false), ("/runs/model", false), ("runs/", false), ("a/b/c", false), ("own er/model", false),
    ])
    func `a name of the hub is met with the command that fetches it`(name: String, isMet: Bool) throws {
        let message = try checkpointError { _ = try openCheckpoint(name) }.message
        #expect(message.contains("`selfpruner fetch model \(name)`") == isMet)
    }

    @Test(arguments: [2, 3] as [UInt32])
    func `both versions`(version: UInt32) throws {
        let folder = try TemporaryFolder()
        var builder = GGUFBuilder.model()
        builder.version = version
        let checkpoint = try GGUFCheckpoint(path: folder.write(builder.bytes(), to: "model.gguf"))
        #expect(checkpoint.description == ModelBuilder.description)
        // Rows 0…3 of a head are stored as 0, 2, 1, 3.
        let rows = try checkpoint.values(Weight(.queryProjection, block: 0))
        #expect(stride(from: 0, to: 64, by: 8).map { rows[$0] } == [0, 16, 8, 24, 32, 48, 40, 56])
    }

    @Test func `linear scaling`() throws {
        let folder = try TemporaryFolder()
        var builder = GGUFBuilder.model()
        builder.set("llama.rope.scaling.type", "linear")
        builder.set("llama.rope.scaling.factor", float: 4)
        let checkpoint = try GGUFCheckpoint(path: folder.write(builder.bytes(), to: "model.gguf"))
        #expect(checkpoint.description.rope.scaling == .linear(factor: 4))
    }

    /// Tensors at odd addresses.
    @Test(arguments: ["", "x"])
    func `alignment of one`(padding: String) throws {
        let folder = try TemporaryFolder()
        var builder = GGUFBuilder.model()
        builder.alignment = 1
        builder.set("general.alignment", 1)
        builder.set("general.name", padding)
        for index in builder.tensors.indices {
            builder.tensors[index].type = 1
            builder.tensors[index].data = []
            for element in 0..<builder.tensors[index].dimensions.reduce(1, *) {
                builder.tensors[index].data.append(integer: Self.half(Int(element)))
            }
        }
        let checkpoint = try GGUFCheckpoint(path: folder.write(builder.bytes(), to: "model.gguf"))
        #expect(try checkpoint.values(Weight(.tokenEmbedding)) == (0..<40).map(Float.init))
    }

    /// A small natural number in IEEE half precision.
    private static func half(_ value: Int) -> UInt16 {
        let bits = Float(value).bitPattern
        return value == 0 ? 0 : UInt16((bits >> 23) - 112) << 10 | UInt16(bits >> 13 & 0x3FF)
    }
}

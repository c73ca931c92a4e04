import Foundation
import Testing

@testable import Checkpoints

/// Every way in which a GGUF file can be wrong is told by code, tensor and offset.
struct GGUFErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var code: CheckpointError.Code
        var tensor: String?
        var mentions = ""
        var change: @Sendable (inout GGUFBuilder) -> Void
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "wrong magic", code: .notACheckpoint) { $0.magic = "GGML" },
        Case(name: "version 1", code: .badHeader, mentions: "version 1") { $0.version = 1 },
        Case(name: "version 4", code: .badHeader, mentions: "version 4") { $0.version = 4 },
        Case(name: "other byte order", code: .badHeader, mentions: "byte order") { $0.version = 3 << 24 },
        Case(name: "tensor count past the end", code: .truncated) { $0.tensorCount = 1 << 40 },
        Case(name: "key count past the end", code: .truncated) { $0.keyCount = .max },
        Case(name: "string length past the end", code: .truncated) {
            $0.set("x", type: 8, [0, 0, 0, 0, 1, 0, 0, 0])
        },
        Case(name: "array length past the end", code: .truncated) {
            $0.set("x", type: 9, [4, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0])
        },
        Case(name: "array of arrays", code: .badHeader, mentions: "array of arrays") {
            $0.set("x", type: 9, [9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
        },
        Case(name: "unknown value type", code: .badHeader, mentions: "type 77") { $0.set("x", type: 77, [0]) },
        Case(name: "duplicate key", code: .badHeader, mentions: "twice") {
            let first = $0.values[0]
            $0.values.append(first)
        },
        Case(name: "empty key", code: .badHeader) { $0.set("", 1) },
        Case(name: "key with a zero byte", code: .badHeader) { $0.set("a\0b", 1) },
        Case(name: "alignment of another type", code: .badHeader) { $0.set("general.alignment", "32") },
        Case(name: "alignment not a power of two", code: .badHeader) { $0.set("general.alignment", 48) },
        Case(name: "duplicate tensor", code: .badHeader, tensor: "token_embd.weight") {
            $0.tensors[1].name = "token_embd.weight"
        },
        Case(name: "five dimensions", code: .badHeader, tensor: "token_embd.weight") {
            $0.tensors[0].dimensions += [1, 1, 1]
        },
        Case(name: "no dimension", code: .badHeader, tensor: "token_embd.weight") { $0.tensors[0].dimensions = [] },
        Case(name: "empty dimension", code: .badHeader, tensor: "token_embd.weight") {
            $0.tensors[0].dimensions = [8, 0]
        },
        Case(name: "product overflows", code: .badHeader, tensor: "token_embd.weight") {
            $0.tensors[0].dimensions = [1 << 32, 1 << 32]
        },
        Case(name: "unknown element type", code: .unsupportedType, tensor: "token_embd.weight") {
            $0.tensors[0].type = 1000
        },
        Case(name: "removed element type", code: .unsupportedType, tensor: "token_embd.weight") {
            $0.tensors[0].type = 4
        },
        Case(name: "rows that are no whole blocks", code: .badHeader, tensor: "token_embd.weight", mentions: "Q8_0") {
            $0.tensors[0].type = 8
        },
        Case(name: "misaligned offset", code: .badOffset, tensor: "blk.0.attn_norm.weight", mentions: "alignment") {
            $0.tensors[1].offset = 161
        },
        Case(name: "overlap", code: .badOffset, tensor: "blk.0.attn_norm.weight", mentions: "overlaps") {
            $0.tensors[1].offset = 32
        },
        Case(name: "hole", code: .badOffset, tensor: "blk.0.attn_norm.weight", mentions: "hole") {
            $0.tensors[1].offset = 256
        },
        Case(name: "offset past the end", code: .badOffset, tensor: "blk.0.attn_norm.weight", mentions: "past") {
            $0.tensors[1].offset = 1 << 20
        },
        Case(name: "greatest offset", code: .badOffset, tensor: "blk.0.attn_norm.weight") {
            $0.tensors[1].offset = .max
        },
        Case(name: "data past the end", code: .truncated, tensor: "token_embd.weight") {
            $0.tensors[0].dimensions = [8, 1 << 40]
        },
        Case(name: "no architecture", code: .badConfiguration, mentions: "general.architecture") {
            $0.values.remove(at: 0)
        },
        Case(name: "unknown architecture", code: .unknownArchitecture, mentions: "'mamba'; supported: 'llama'") {
            $0.set("general.architecture", "mamba")
        },
        Case(name: "mixture of experts", code: .unsupportedFeature) { $0.set("llama.expert_count", 8) },
        Case(name: "partial rotation", code: .unsupportedFeature) { $0.set("llama.rope.dimension_count", 2) },
        Case(name: "yarn", code: .unsupportedFeature, mentions: "yarn") { $0.set("llama.rope.scaling.type", "yarn") },
        Case(name: "no blocks key", code: .badConfiguration, mentions: "block_count") {
            $0.values.removeAll { $0.key == "llama.block_count" }
        },
        Case(name: "more blocks than tensors", code: .badConfiguration) { $0.set("llama.block_count", .max) },
        Case(name: "no blocks", code: .badConfiguration) { $0.set("llama.block_count", 0) },
        Case(name: "heads of another type", code: .badConfiguration, mentions: "head_count") {
            $0.set("llama.attention.head_count", "two")
        },
        Case(name: "array for other blocks", code: .badConfiguration, mentions: "3 values") {
            $0.set("llama.attention.head_count", [2, 2, 2])
        },
        Case(name: "heads not a multiple", code: .badConfiguration) { $0.set("llama.attention.head_count_kv", 3) },
        Case(name: "odd head size", code: .badConfiguration) {
            $0.set("llama.attention.head_count", 8)
        },
        Case(name: "endless epsilon", code: .badConfiguration) {
            $0.set("llama.attention.layer_norm_rms_epsilon", float: .infinity)
        },
        Case(name: "token outside the vocabulary", code: .badConfiguration) {
            $0.set("tokenizer.ggml.eos_token_id", 5)
        },
        Case(name: "no embedding", code: .missingTensor, tensor: "token_embd.weight") { $0.tensors[0].name = "x" },
        Case(name: "missing tensor", code: .missingTensor, tensor: "blk.0.ffn_up.weight") {
            $0.tensors.removeAll { $0.name == "blk.0.ffn_up.weight" }
        },
        Case(name: "vocabulary contradicts", code: .wrongShape, tensor: "token_embd.weight", mentions: "5 × 8") {
            $0.set("llama.vocab_size", 6)
        },
        Case(name: "width contradicts", code: .wrongShape, tensor: "token_embd.weight") {
            $0.set("llama.embedding_length", 4)
        },
        Case(name: "heads contradict", code: .wrongShape, tensor: "blk.0.attn_k.weight", mentions: "4 × 8") {
            $0.set("llama.attention.head_count_kv", 1)
        },
        Case(name: "channels contradict", code: .wrongShape, tensor: "blk.0.ffn_gate.weight") {
            $0.set("llama.feed_forward_length", 16)
        },
        Case(name: "a bias of another width", code: .wrongShape, tensor: "blk.0.attn_k.bias") {
            $0.tensors.append(
                GGUFBuilder.Tensor(name: "blk.0.attn_k.bias", dimensions: [4], data: ModelBuilder.ramp([4])))
        },
        Case(name: "integers for weights", code: .unsupportedType, tensor: "token_embd.weight", mentions: "I32") {
            $0.tensors[0].type = 26
        },
        Case(name: "divisors of another number", code: .wrongShape, tensor: "rope_freqs.weight") {
            $0.tensors.append(
                GGUFBuilder.Tensor(name: "rope_freqs.weight", dimensions: [8], data: ModelBuilder.ramp([8])))
        },
        // The head size is checked with the whole description, after these.
        Case(name: "divisors of heads of size 0", code: .wrongShape, tensor: "rope_freqs.weight") {
            $0.set("llama.attention.key_length", 0)
            $0.set("llama.attention.value_length", 0)
            $0.set("llama.rope.dimension_count", 0)
            $0.tensors.append(
                GGUFBuilder.Tensor(name: "rope_freqs.weight", dimensions: [1], data: ModelBuilder.ramp([1])))
        },
        Case(name: "divisors of heads of a negative size", code: .wrongShape, tensor: "rope_freqs.weight") {
            for key in ["attention.key_length", "attention.value_length", "rope.dimension_count"] {
                $0.set("llama.\(key)", type: 5, [0xFE, 0xFF, 0xFF, 0xFF])
            }
            $0.tensors.append(
                GGUFBuilder.Tensor(name: "rope_freqs.weight", dimensions: [1], data: ModelBuilder.ramp([1])))
        },
        Case(name: "a factor beside a matrix", code: .unsupportedFeature, tensor: "blk.0.attn_q.weight") {
            $0.tensors.append(
                GGUFBuilder.Tensor(name: "blk.0.attn_q.scale", dimensions: [1], data: ModelBuilder.ramp([1])))
        },
        Case(name: "too many keys", code: .badHeader, mentions: "65536") { builder in
            for index in 0..<65_536 { builder.values.append(("k\(index)", 0, [0])) }
        },
        Case(name: "divisor of zero", code: .badConfiguration, mentions: "divisor") {
            $0.tensors.append(
                GGUFBuilder.Tensor(name: "rope_freqs.weight", dimensions: [2], data: ModelBuilder.ramp([2])))
        },
    ]

    @Test(arguments: cases)
    func `malformed file`(_ test: Case) throws {
        let folder = try TemporaryFolder()
        var builder = GGUFBuilder.model()
        test.change(&builder)
        let file = try folder.write(builder.bytes(), to: "model.gguf")
        let error = try checkpointError { _ = try GGUFCheckpoint(path: file) }
        #expect(error.code == test.code, "\(error)")
        #expect(error.tensor == test.tensor, "\(error)")
        #expect(error.file == file)
        #expect(test.mentions.isEmpty || error.message.contains(test.mentions), "\(error)")
        // Where the fault is in the bytes, the sentence says at which.
        let byteCodes: [CheckpointError.Code] = [.badHeader, .truncated, .badOffset, .notACheckpoint, .wrongShape]
        if byteCodes.contains(test.code) { #expect(error.offset != nil, "\(error)") }
    }

    @Test func `offset of a count`() throws {
        let folder = try TemporaryFolder()
        var builder = GGUFBuilder.model()
        builder.keyCount = 1 << 50
        let file = try folder.write(builder.bytes(), to: "model.gguf")
        #expect(try checkpointError { _ = try GGUFCheckpoint(path: file) }.offset == 16)
    }

    @Test func `a model that is whole opens`() throws {
        let folder = try TemporaryFolder()
        try GGUFCheckpoint(path: folder.write(GGUFBuilder.model().bytes(), to: "model.gguf")).readAll()
    }

    /// Cut anywhere, the file is refused; never read past its end.
    @Test func `truncated at every length`() throws {
        let folder = try TemporaryFolder()
        let bytes = GGUFBuilder.model().bytes()
        for length in stride(from: 0, to: bytes.count, by: 7) {
            let file = try folder.write(Array(bytes[..<length]), to: "model.gguf")
            let error = try checkpointError { _ = try GGUFCheckpoint(path: file) }
            #expect(error.code == (length < 4 ? .notACheckpoint : .truncated), "\(length): \(error)")
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func `values that are not finite`(value: Float) throws {
        let folder = try TemporaryFolder()
        var builder = GGUFBuilder.model()
        var data = ModelBuilder.ramp([5, 8])
        var encoded: [UInt8] = []
        encoded.append(float: value)
        data.replaceSubrange(4 * 37..<4 * 38, with: encoded)
        builder.tensors[0].data = data
        let bytes = builder.bytes()
        let file = try folder.write(bytes, to: "model.gguf")
        let checkpoint = try GGUFCheckpoint(path: file)
        let error = try checkpointError { _ = try checkpoint.values(Weight(.tokenEmbedding)) }
        #expect(error.code == .notFinite)
        #expect(error.tensor == "token_embd.weight")
        #expect(error.file == file)
        let offset = try #require(error.offset)
        #expect(Array(bytes[offset..<offset + 4]) == encoded)
    }

    /// A scale that is not a number spoils a block of 32; the offset is the block's.
    @Test func `a scale that is not finite`() throws {
        let folder = try TemporaryFolder()
        var bytes = try Fixture.bytes("mixed.gguf")
        let whole = try GGUFCheckpoint(path: Fixture.path("mixed.gguf"))
        let weight = Weight(.queryProjection, block: 0)
        #expect(whole.storedTensors[weight]?.elementType == "Q4_1")
        var scanner = GGUFScanner(try MappedFile(path: Fixture.path("mixed.gguf")))
        let start = try #require(try scanner.header().tensors["blk.0.attn_q.weight"]?.offset)
        let block = start + 5 * 20
        bytes.replaceSubrange(block..<block + 2, with: [0x00, 0x7E])
        let checkpoint = try GGUFCheckpoint(path: folder.write(bytes, to: "model.gguf"))
        let error = try checkpointError { _ = try checkpoint.values(weight) }
        #expect(error.code == .notFinite)
        #expect(error.tensor == "blk.0.attn_q.weight")
        #expect(error.offset == block)
    }

    @Test func `a weight the model does not have`() throws {
        let checkpoint = try GGUFCheckpoint(path: Fixture.path("uneven.gguf"))
        let error = try checkpointError {
            try withUnsafeTemporaryAllocation(of: Float.self, capacity: 1) {
                try checkpoint.read(Weight(.head), into: $0)
            }
        }
        #expect(error.code == .missingTensor)
    }
}

import Foundation
import Testing

@testable import Checkpoints

struct HuggingFaceCheckpointTests {
    private func folder(
        _ builder: SafetensorsBuilder = .model(), configuration: String = SafetensorsBuilder.configuration
    ) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(configuration, to: "config.json")
        try folder.write(builder.bytes(), to: "model.safetensors")
        return folder
    }

    @Test func `single file`() throws {
        let folder = try folder()
        let checkpoint = try openCheckpoint(folder.path)
        #expect(checkpoint.format == .huggingFace)
        #expect(checkpoint.description == ModelBuilder.description)
        for shape in checkpoint.description.weightShapes {
            #expect(try checkpoint.values(shape.weight) == (0..<shape.count).map(Float.init))
            #expect(
                checkpoint.storedTensors[shape.weight]
                    == StoredTensor(name: shape.huggingFaceKey, elementType: "F32", byteCount: 4 * shape.count))
        }
        guard case .folder(let path) = checkpoint.tokenizer else {
            Issue.record("the tokenizer is not in the folder")
            return
        }
        #expect(path == folder.path)
    }

    /// Bit patterns of every value a half or a bfloat16 can have, against conversions by the language.
    @Test(arguments: ["F16", "BF16"])
    func `all finite values of sixteen bits`(type: String) throws {
        let patterns = (0...UInt16.max).filter { pattern in
            type == "F16" ? pattern & 0x7C00 != 0x7C00 : pattern & 0x7F80 != 0x7F80
        }
        let rows = patterns.count / 8
        var builder = SafetensorsBuilder.model()
        builder.tensors[0].type = type
        builder.tensors[0].shape = [rows, 8]
        builder.tensors[0].data = []
        for pattern in patterns[..<(rows * 8)] { builder.tensors[0].data.append(integer: pattern) }
        let configuration = SafetensorsBuilder.configuration.replacing(
            "\"vocab_size\": 5", with: "\"vocab_size\": \(rows)")
        let folder = try folder(builder, configuration: configuration)
        let values = try HuggingFaceCheckpoint(path: folder.path).values(Weight(.tokenEmbedding))
        for (pattern, value) in zip(patterns, values) {
            #expect(
                value.bitPattern
                    == (type == "F16" ? half(pattern) : Float(bitPattern: UInt32(pattern) << 16)).bitPattern)
        }
    }

    /// IEEE 754 binary16 by its definition.
    private func half(_ pattern: UInt16) -> Float {
        let exponent = Int(pattern >> 10 & 31)
        let fraction = Float(pattern & 1023) / 1024
        let magnitude =
            exponent == 0
            ? fraction * Float(sign: .plus, exponent: -14, significand: 1)
            : Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction)
        return pattern & 0x8000 == 0 ? magnitude : -magnitude
    }

    private func shard(into count: Int) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(SafetensorsBuilder.configuration, to: "config.json")
        let tensors = SafetensorsBuilder.model().tensors
        var map: [String] = []
        for index in 0..<count {
            let name = "model-0000\(index + 1)-of-0000\(count).safetensors"
            let mine = tensors.indices.filter { $0 % count == index }.map { tensors[$0] }
            try folder.write(SafetensorsBuilder(tensors: mine).bytes(), to: name)
            map += mine.map { "\"\($0.name)\": \"\(name)\"" }
        }
        try folder.write(
            #"{"metadata": {"total_size": 1}, "weight_map": {\#(map.joined(separator: ", "))}}"#,
            to: "model.safetensors.index.json")
        return folder
    }

    @Test func `sharded files`() throws {
        let folder = try shard(into: 3)
        let checkpoint = try HuggingFaceCheckpoint(path: folder.path)
        for shape in checkpoint.description.weightShapes {
            #expect(try checkpoint.values(shape.weight) == (0..<shape.count).map(Float.init))
        }
    }

    @Test func `missing shard`() throws {
        let folder = try shard(into: 3)
        let shard = "\(folder.path)/model-00002-of-00003.safetensors"
        try FileManager.default.removeItem(atPath: shard)
        let error = try checkpointError { _ = try HuggingFaceCheckpoint(path: folder.path) }
        #expect(error.code == .missingShard)
        #expect(error.file == shard)
    }

    @Test func `tensor absent from its shard`() throws {
        let folder = try shard(into: 2)
        let shard = "\(folder.path)/model-00001-of-00002.safetensors"
        let others = SafetensorsBuilder.model().tensors.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        try folder.write(
            SafetensorsBuilder(tensors: Array(others.dropFirst())).bytes(), to: "model-00001-of-00002.safetensors")
        let error = try checkpointError { _ = try HuggingFaceCheckpoint(path: folder.path) }
        #expect(error.code == .missingTensor)
        #expect(error.file == shard)
        #expect(error.tensor == "model.embed_tokens.weight")
    }

    @Test(arguments: ["../other.safetensors", "/etc/passwd", "a/b", "..", "", ".", "a\\\\b", "a\\u0000b"])
    func `shard outside the folder`(name: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(SafetensorsBuilder.configuration, to: "config.json")
        try folder.write(#"{"weight_map": {"x": "\#(name)"}}"#, to: "model.safetensors.index.json")
        let error = try checkpointError { _ = try HuggingFaceCheckpoint(path: folder.path) }
        #expect(error.code == .badHeader)
        #expect(error.tensor == "x")
    }

    @Test(arguments: ["", "[]", "{}", #"{"weight_map": []}"#, #"{"weight_map": {"x": 1}}"#])
    func `index that is none`(text: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(SafetensorsBuilder.configuration, to: "config.json")
        try folder.write(text, to: "model.safetensors.index.json")
        #expect(try checkpointError { _ = try HuggingFaceCheckpoint(path: folder.path) }.code == .badHeader)
    }

    @Test func `a file that cannot be opened`() throws {
        let folder = try TemporaryFolder()
        let loop = folder.path + "/model.gguf"
        try FileManager.default.createSymbolicLink(atPath: loop, withDestinationPath: loop)
        let error = try checkpointError { _ = try MappedFile(path: loop) }
        #expect(error.code == .unreadable && error.description.contains(loop))
    }

    @Test func `no weights`() throws {
        let folder = try TemporaryFolder()
        try folder.write(SafetensorsBuilder.configuration, to: "config.json")
        #expect(try checkpointError { _ = try HuggingFaceCheckpoint(path: folder.path) }.code == .notACheckpoint)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var code: CheckpointError.Code
        var tensor: String?
        var mentions = ""
        var change: @Sendable (inout SafetensorsBuilder) -> Void
        var testDescription: String { name }
    }

    private static let embedding = "model.embed_tokens.weight"
    private static let norm = "model.layers.0.input_layernorm.weight"

    static let cases: [Case] = [
        Case(name: "header past the end", code: .truncated) { $0.headerLength = 1 << 20 },
        Case(name: "header over the limit", code: .badHeader) { $0.headerLength = .max },
        Case(name: "header cut short", code: .badHeader) { $0.headerLength = 64 },
        Case(name: "no header", code: .badHeader) { $0.headerLength = 0 },
        Case(name: "overlap", code: .badOffset, tensor: norm, mentions: "overlaps") {
            $0.tensors[1].offsets = "[128,160]"
        },
        Case(name: "hole", code: .badOffset, tensor: norm, mentions: "hole") {
            $0.tensors.insert(.init(name: "x", shape: [1], data: [0, 0, 0, 0], offsets: "[0,0]"), at: 1)
            $0.tensors[1].shape = [0]
        },
        Case(name: "bytes of no tensor", code: .badOffset, mentions: "no tensor") {
            $0.tensors.append(.init(name: "x", shape: [0], data: [0, 0, 0, 0], offsets: "[0,0]"))
        },
        Case(name: "out of range", code: .truncated, tensor: norm) { $0.tensors[1].offsets = "[1048576,1048608]" },
        Case(name: "greatest offset", code: .truncated, tensor: norm) {
            $0.tensors[1].offsets = "[9223372036854775775,9223372036854775807]"
        },
        Case(name: "backwards", code: .badOffset, tensor: norm) { $0.tensors[1].offsets = "[192,160]" },
        Case(name: "negative", code: .badOffset, tensor: norm) { $0.tensors[1].offsets = "[-32,0]" },
        Case(name: "three offsets", code: .badOffset, tensor: norm) { $0.tensors[1].offsets = "[160,192,224]" },
        Case(name: "offset beyond integers", code: .badHeader) { $0.tensors[1].offsets = "[1e300,2e300]" },
        Case(name: "offset a fraction", code: .badHeader) { $0.tensors[1].offsets = "[160.5,192.5]" },
        Case(name: "span not the shape's", code: .badOffset, tensor: norm) { $0.tensors[1].shape = [9] },
        Case(name: "product overflows", code: .badOffset, tensor: norm) {
            $0.tensors[1].shape = [1 << 31, 1 << 31, 1 << 31]
        },
        Case(name: "unknown type", code: .unsupportedType, tensor: norm, mentions: "F7") { $0.tensors[1].type = "F7" },
        Case(name: "integers for weights", code: .unsupportedType, tensor: norm, mentions: "I32") {
            $0.tensors[1].type = "I32"
        },
        Case(name: "missing tensor", code: .missingTensor, tensor: norm) { $0.tensors[1].name = "x" },
        Case(name: "wrong shape", code: .wrongShape, tensor: embedding, mentions: "8 × 5") {
            $0.tensors[0].shape = [8, 5]
        },
    ]

    @Test(arguments: cases)
    func `malformed file`(_ test: Case) throws {
        var builder = SafetensorsBuilder.model()
        test.change(&builder)
        let folder = try folder(builder)
        let error = try checkpointError { _ = try HuggingFaceCheckpoint(path: folder.path) }
        #expect(error.code == test.code, "\(error)")
        #expect(error.tensor == test.tensor, "\(error)")
        #expect(error.file == (test.code == .missingTensor ? folder.path : "\(folder.path)/model.safetensors"))
        #expect(test.mentions.isEmpty || error.message.contains(test.mentions), "\(error)")
    }

    @Test func `truncated at every length`() throws {
        let folder = try folder()
        let bytes = SafetensorsBuilder.model().bytes()
        for length in stride(from: 0, to: bytes.count, by: 7) {
            try folder.write(Array(bytes[..<length]), to: "model.safetensors")
            let error = try checkpointError { _ = try HuggingFaceCheckpoint(path: folder.path) }
            #expect(error.code == .truncated, "\(length): \(error)")
        }
    }

    @Test(arguments: ["F32", "BF16"])
    func `values that are not finite`(type: String) throws {
        var builder = SafetensorsBuilder.model()
        let size = type == "F32" ? 4 : 2
        builder.tensors[0].type = type
        builder.tensors[0].data = Array(repeating: 0, count: 40 * size)
        builder.tensors[0].data.replaceSubrange(38 * size - 2..<38 * size, with: [0xC0, 0x7F])
        let folder = try folder(builder)
        let checkpoint = try HuggingFaceCheckpoint(path: folder.path)
        let error = try checkpointError { _ = try checkpoint.values(Weight(.tokenEmbedding)) }
        #expect(error.code == .notFinite)
        #expect(error.tensor == "model.embed_tokens.weight")
        #expect(error.offset == builder.bytes().count - builder.tensors.reduce(0) { $0 + $1.data.count } + 37 * size)
    }
}

import Checkpoints
import Foundation
import Testing
import Tokenization

@testable import Export

struct HuggingFaceExportTests {
    private static let blocks = [
        BlockShape(queryHeads: 4, keyValueHeads: 2, channels: 9),
        BlockShape(queryHeads: 0, keyValueHeads: 0, channels: 5),
        BlockShape(queryHeads: 2, keyValueHeads: 1, channels: 0),
    ]

    private func write(_ weights: any WeightSource, _ path: String, shardBytes: Int? = nil) throws {
        let folder = try OutputFolder(path, overwrite: false)
        try HuggingFaceExport(
            weights, element: .float32, companions: [TokenizerFile(name: "tokenizer.json", bytes: [0x7B, 0x7D])],
            maximumShardBytes: shardBytes ?? HuggingFaceExport.defaultShardBytes
        ).write(to: folder)
        try folder.publish()
    }

    private func expectReadBack(_ path: String, _ weights: any WeightSource) throws {
        let checkpoint = try openCheckpoint(path)
        #expect(checkpoint.description == weights.description)
        for shape in weights.description.weightShapes {
            #expect(
                try checkpoint.matrix(shape.weight.role, shape.weight.block)
                    == weights.matrix(shape.weight.role, shape.weight.block))
        }
    }

    @Test(arguments: [nil, 500]) func theSizeIsKnownBefore(_ shardBytes: Int?) throws {
        let folder = try TemporaryFolder()
        let weights = MadeWeights(description: .made(Self.blocks))
        try write(weights, folder("model"), shardBytes: shardBytes)
        let names = try folder.contents("model").filter { $0.hasSuffix(".safetensors") }
        #expect((names.count > 1) == (shardBytes != nil))
        let bytes = try names.reduce(0) {
            try $0 + Data(contentsOf: URL(fileURLWithPath: folder("model/\($1)"))).count
        }
        let export = HuggingFaceExport(
            UnreadWeights(weights.description), element: .float32, companions: [],
            maximumShardBytes: shardBytes ?? HuggingFaceExport.defaultShardBytes)
        #expect(export.weightBytes == bytes)
    }

    @Test func aPrunedModelBringsItsPythonFile() throws {
        let folder = try TemporaryFolder()
        let weights = MadeWeights(description: .made(Self.blocks))
        try write(weights, folder("model"))
        #expect(
            try folder.contents("model") == [
                "config.json", "model.safetensors", "modeling_selfpruner_llama.py", "tokenizer.json",
            ])
        let data = Data(try folder.text("model/config.json").utf8)
        let configuration = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let map = try #require(configuration["auto_map"] as? [String: String])
        let source = try folder.text("model/modeling_selfpruner_llama.py")
        for name in map.values {
            let parts = name.split(separator: ".")
            #expect(parts.count == 2 && parts[0] == "modeling_selfpruner_llama")
            #expect(source.contains("class \(parts[1])("))
        }
        #expect(configuration["model_type"] as? String == "selfpruner_llama")
        #expect(source.contains("model_type = \"selfpruner_llama\""))
        // The constants of sublayers that are gone have names under which nobody looks for a linear layer.
        let header = try folder.text("model/model.safetensors")
        #expect(header.contains("model.layers.1.self_attn.constant") && header.contains("model.layers.2.mlp.constant"))
        #expect(!header.contains("model.layers.1.self_attn.o_proj"))
        try expectReadBack(folder("model"), weights)
    }

    /// Other numbers of query heads a group in every block. The numbers for all blocks, which nobody needs, fit together.
    @Test func headsPerGroupMayDiffer() throws {
        let folder = try TemporaryFolder()
        let weights = MadeWeights(
            description: .made([
                BlockShape(queryHeads: 3, keyValueHeads: 3, channels: 9),
                BlockShape(queryHeads: 4, keyValueHeads: 2, channels: 5),
            ]))
        try write(weights, folder("model"))
        try expectReadBack(folder("model"), weights)
        let data = Data(try folder.text("model/config.json").utf8)
        let configuration = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(configuration["num_attention_heads"] as? Int == 6)
        #expect(configuration["num_key_value_heads"] as? Int == 3)
        #expect(configuration["num_attention_heads_per_layer"] as? [Int] == [3, 4])
        #expect(configuration["num_key_value_heads_per_layer"] as? [Int] == [3, 2])
    }

    /// All blocks alike, but with numbers of heads that transformers' own class does not take.
    @Test func headsThatDoNotDivideTheHiddenSizeNeedTheFileToo() throws {
        let folder = try TemporaryFolder()
        let weights = MadeWeights(
            description: .made(
                [BlockShape](repeating: BlockShape(queryHeads: 5, keyValueHeads: 1, channels: 9), count: 2), biases: []
            ))
        try write(weights, folder("model"))
        #expect(try folder.contents("model").contains("modeling_selfpruner_llama.py"))
        try expectReadBack(folder("model"), weights)
    }

    @Test func aPlainModelNeedsNone() throws {
        let folder = try TemporaryFolder()
        let weights = PaddedWeights(MadeWeights(description: .made(Self.blocks)))
        try write(weights, folder("model"))
        #expect(try folder.contents("model") == ["config.json", "model.safetensors", "tokenizer.json"])
        #expect(try !folder.text("model/config.json").contains("auto_map"))
        try expectReadBack(folder("model"), weights)
    }

    @Test(arguments: [1, 1000, 2000, 1 << 20]) func shards(_ bytes: Int) throws {
        let folder = try TemporaryFolder()
        let weights = MadeWeights(description: .made(Self.blocks))
        try write(weights, folder("model"), shardBytes: bytes)
        try expectReadBack(folder("model"), weights)
        let files = try folder.contents("model").filter { $0.hasSuffix(".safetensors") }
        let shapes = weights.description.weightShapes
        let total = shapes.reduce(0) { $0 + 4 * $1.count }
        guard bytes < total else {
            #expect(files == ["model.safetensors"])
            return
        }
        #expect(bytes == 1 ? files.count == shapes.count : files.count > 1)
        #expect(files.first == "model-00001-of-\(String(format: "%05d", files.count)).safetensors")
        let index = Data(try folder.text("model/model.safetensors.index.json").utf8)
        let json = try #require(JSONSerialization.jsonObject(with: index) as? [String: Any])
        #expect((json["metadata"] as? [String: Any])?["total_size"] as? Int == total)
        let map = try #require(json["weight_map"] as? [String: String])
        #expect(Set(map.values) == Set(files) && map.count == shapes.count)
        // No file is larger than asked for, unless one weight is.
        for (file, keys) in Dictionary(grouping: map.keys, by: { map[$0] ?? "" }) {
            let size = keys.reduce(0) { sum, key in
                sum + 4 * (shapes.first { $0.huggingFaceKey == key }?.count ?? 0)
            }
            #expect(size <= bytes || keys.count == 1, "\(file)")
        }
    }

    /// What another program says under `auto_map` may have any form.
    @Test(arguments: [#"["a", null]"#, #"{"AutoTokenizer": ["a", null]}"#, "null", "3"])
    func foreignAutoMaps(_ value: String) throws {
        let folder = try TemporaryFolder()
        let weights = PaddedWeights(MadeWeights(description: .made(Self.blocks)))
        try write(weights, folder("model"))
        let text = try folder.text("model/config.json")
        try folder.write(
            text.replacingOccurrences(
                of: "{\n", with: "{\n\"auto_map\": \(value),\n", options: [],
                range: text.startIndex..<text.index(text.startIndex, offsetBy: 3)), "model/config.json")
        try expectReadBack(folder("model"), weights)
    }
}

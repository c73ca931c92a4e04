import Foundation
import Testing

@testable import Checkpoints

struct HuggingFaceConfigurationTests {
    private func read(_ text: String, blocks: Int = 100) throws -> ModelDescription {
        let folder = try TemporaryFolder()
        let path = try folder.write(text, to: "config.json")
        return try HuggingFaceConfiguration(path: path).description(maximumBlocks: blocks, file: path)
    }

    private static func configuration(_ extra: String) -> String {
        SafetensorsBuilder.configuration.replacing(#""use_cache": true"#, with: extra)
    }

    static let descriptions: [ModelDescription] = {
        let plain = ModelDescription(
            architecture: .llama, hiddenSize: 576, vocabularySize: 49_152, headSize: 64, normEpsilon: 1e-5,
            rope: RotaryEmbedding(theta: 100_000), contextLength: 8192, tiesEmbeddings: true,
            blocks: Array(repeating: BlockShape(queryHeads: 9, keyValueHeads: 3, channels: 1536), count: 3),
            beginOfTextToken: 1, endOfTextTokens: [2])
        var biased = plain
        biased.biases = [.queryKeyValue, .attentionOutput, .gateUp, .down]
        biased.rope.scaling = .linear(factor: 2.5)
        biased.endOfTextTokens = [2, 7]
        var uneven = plain
        uneven.blocks[1] = BlockShape(queryHeads: 0, keyValueHeads: 0, channels: 96)
        uneven.blocks[2].channels = 0
        uneven.biases = [.attentionOutput, .down]
        uneven.rope.scaling = .llama3(
            factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192)
        var halfBiased = plain
        halfBiased.biases = .down
        halfBiased.tiesEmbeddings = false
        halfBiased.beginOfTextToken = nil
        halfBiased.endOfTextTokens = []
        halfBiased.rope.scaling = .divisors((0..<32).map { 1 + Float($0) / 3 })
        return [plain, biased, uneven, halfBiased]
    }()

    @Test(arguments: descriptions)
    func `what is written is read again`(description: ModelDescription) throws {
        let json = try HuggingFaceConfiguration(description, elementType: "bfloat16").json()
        #expect(try read(String(decoding: json, as: UTF8.self)) == description)
    }

    @Test func `plain only where transformers can express it`() throws {
        let types = Self.descriptions.map { HuggingFaceConfiguration($0, elementType: "float32").modelType }
        #expect(types == ["llama", "llama", "selfpruner_llama", "selfpruner_llama"])
    }

    /// transformers divides by the heads before it sees the lists.
    @Test func `a model without attention and MLPs`() throws {
        var bare = Self.descriptions[2]
        for block in bare.blocks.indices {
            bare.blocks[block].queryHeads = 0
            bare.blocks[block].keyValueHeads = 0
            bare.blocks[block].channels = 0
        }
        let data = try HuggingFaceConfiguration(bare, elementType: "float32").json()
        let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(json["num_attention_heads"] as? Int == 1)
        #expect(json["num_key_value_heads"] as? Int == 1)
        #expect(json["intermediate_size"] as? Int == 1)
        #expect(json["num_attention_heads_per_layer"] as? [Int] == [0, 0, 0])
    }

    @Test func `keys of a pruned model`() throws {
        let data = try HuggingFaceConfiguration(Self.descriptions[2], elementType: "bfloat16").json()
        let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(json["model_type"] as? String == "selfpruner_llama")
        #expect(json["num_attention_heads_per_layer"] as? [Int] == [9, 0, 9])
        #expect(json["num_key_value_heads_per_layer"] as? [Int] == [3, 0, 3])
        #expect(json["intermediate_size_per_layer"] as? [Int] == [1536, 96, 0])
        #expect(json["attention_bias"] as? Bool == false)
        #expect(json["attention_output_bias"] as? Bool == true)
        #expect(json["mlp_bias"] as? Bool == false)
        #expect(json["mlp_down_bias"] as? Bool == true)
        #expect(json["torch_dtype"] as? String == "bfloat16")
        #expect(String(decoding: data, as: UTF8.self).contains("1e-05"))
    }

    /// transformers' `LlamaConfig` for what a file leaves out.
    @Test func `defaults`() throws {
        let description = try read(
            """
            {"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
             "intermediate_size": 96, "vocab_size": 10}
            """)
        #expect(
            description
                == ModelDescription(
                    architecture: .llama, hiddenSize: 64, vocabularySize: 10, headSize: 16, normEpsilon: 1e-6,
                    rope: RotaryEmbedding(theta: 10_000), contextLength: 2048, tiesEmbeddings: false,
                    blocks: Array(repeating: BlockShape(queryHeads: 4, keyValueHeads: 4, channels: 96), count: 2)))
    }

    static let scalings: [(String, RotaryEmbedding.Scaling)] = [
        (#""rope_scaling": null"#, .none),
        (#""rope_scaling": {"rope_type": "default"}"#, .none),
        (#""rope_scaling": {"type": "linear", "factor": 2}"#, .linear(factor: 2)),
        (#""rope_parameters": {"rope_type": "linear", "factor": 3, "rope_theta": 10000}"#, .linear(factor: 3)),
        (
            """
            "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192}
            """, .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192)
        ),
    ]

    @Test(arguments: scalings)
    func `rotary scaling`(text: String, scaling: RotaryEmbedding.Scaling) throws {
        #expect(try read(Self.configuration(text)).rope == RotaryEmbedding(theta: 10_000, scaling: scaling))
    }

    @Test func `rotary base of transformers 5`() throws {
        let text = Self.configuration(#""rope_parameters": {"rope_type": "default", "rope_theta": 500000.0}"#)
        #expect(try read(text).rope.theta == 500_000)
    }

    static let plainBiases: [(String, Biases)] = [
        (#""attention_bias": true"#, [.queryKeyValue, .attentionOutput]),
        (#""mlp_bias": true"#, [.gateUp, .down]),
        (#""mlp_down_bias": true"#, []),
    ]

    @Test(arguments: plainBiases)
    func `biases of a plain model`(text: String, biases: Biases) throws {
        #expect(try read(Self.configuration(text)).biases == biases)
    }

    static let badConfigurations: [(String, CheckpointError.Code, String)] = [
        ("", .badConfiguration, "JSON"),
        ("[]", .badConfiguration, ""),
        (#"{"model_type": "llama"}"#, .badConfiguration, "hidden_size"),
        (#"{"model_type": "gpt_neox"}"#, .unknownArchitecture, "'gpt_neox'; supported: 'llama'"),
        (
            configuration(#""hidden_size": "x""#).replacing(#""hidden_size": 8,"#, with: ""), .badConfiguration,
            "hidden_size"
        ),
        (configuration(#""rope_scaling": {"rope_type": "yarn", "factor": 4}"#), .unsupportedFeature, "yarn"),
        (configuration(#""rope_scaling": {"rope_type": "linear"}"#), .badConfiguration, "factor"),
        (configuration(#""rope_scaling": {"rope_type": "linear", "factor": 0}"#), .badConfiguration, "factor"),
        (configuration(#""rope_scaling": {"rope_type": "longrope"}"#), .unsupportedFeature, "longrope"),
        (configuration(#""partial_rotary_factor": 0.5"#), .unsupportedFeature, "0.5"),
        (configuration(#""quantization_config": {"quant_method": "awq"}"#), .unsupportedType, "awq"),
        (configuration(#""num_key_value_heads": 3"#), .badConfiguration, "multiple"),
        (configuration(#""head_dim": 3"#), .badConfiguration, "head size"),
        (configuration(#""head_dim": -4"#), .badConfiguration, "head size"),
        (configuration(#""eos_token_id": [1, 5]"#), .badConfiguration, "token 5"),
        (SafetensorsBuilder.configuration.replacing("silu", with: "gelu"), .unsupportedFeature, "gelu"),
        (
            SafetensorsBuilder.configuration.replacing("layers\": 1", with: "layers\": 1000000000"), .badConfiguration,
            "blocks"
        ),
        (SafetensorsBuilder.configuration.replacing("layers\": 1", with: "layers\": -1"), .badConfiguration, "blocks"),
        (SafetensorsBuilder.configuration.replacing("1e-05", with: "0"), .badConfiguration, "epsilon"),
        (
            configuration(#""intermediate_size_per_layer": [8, 8]"#).replacing(
                "\"llama\"", with: "\"selfpruner_llama\""),
            .badConfiguration, "2 values under 'intermediate_size_per_layer' for 1 blocks"
        ),
    ]

    @Test(arguments: badConfigurations)
    func `bad configuration`(text: String, code: CheckpointError.Code, mentions: String) throws {
        let error = try checkpointError { _ = try read(text) }
        #expect(error.code == code, "\(error)")
        #expect(mentions.isEmpty || error.message.contains(mentions), "\(error)")
        #expect(error.file.hasSuffix("config.json"))
    }

    @Test func `several end tokens`() throws {
        #expect(try read(Self.configuration(#""eos_token_id": [1, 3]"#)).endOfTextTokens == [1, 3])
    }
}

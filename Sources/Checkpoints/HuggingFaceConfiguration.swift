/// `config.json` of a model folder: the keys of transformers' `LlamaConfig`, and those of this program's own pruned
/// models. The reader and the exporter share this type, so that they agree on every key.
///
/// `model_type: "llama"` is what transformers loads. There `attention_bias` stands for the biases of q, k, v and o,
/// and `mlp_bias` for those of gate, up and down. `model_type: "selfpruner_llama"` adds one list per quantity that
/// differs between blocks, and tells the biases apart: `attention_bias` is q, k and v, `attention_output_bias` is o,
/// `mlp_bias` is gate and up, `mlp_down_bias` is down.
package struct HuggingFaceConfiguration: Codable, Sendable, Equatable {
    package static let llamaType = "llama"
    package static let prunedType = "selfpruner_llama"

    package var architectures: [String]?
    /// Classes of a Python file in the folder, by transformers' auto classes.
    package var autoMap: AutoMap?
    package var modelType: String
    package var hiddenSize: Int
    package var hiddenLayers: Int
    package var attentionHeads: Int?
    package var keyValueHeads: Int?
    package var intermediateSize: Int?
    package var attentionHeadsPerLayer: [Int]?
    package var keyValueHeadsPerLayer: [Int]?
    package var intermediateSizePerLayer: [Int]?
    package var headSize: Int?
    package var activation: String?
    package var normEpsilon: Double?
    package var ropeTheta: Double?
    package var ropeScaling: RopeParameters?
    /// How transformers 5 writes the two keys above.
    package var ropeParameters: RopeParameters?
    package var partialRotaryFactor: Double?
    package var tiesEmbeddings: Bool?
    package var attentionBias: Bool?
    package var attentionOutputBias: Bool?
    package var mlpBias: Bool?
    package var mlpDownBias: Bool?
    package var vocabularySize: Int
    package var contextLength: Int?
    package var beginOfTextToken: TokenIdentifiers?
    package var endOfTextToken: TokenIdentifiers?
    package var elementType: String?
    package var quantization: Quantization?

    package enum CodingKeys: String, CodingKey {
        case architectures
        case autoMap = "auto_map"
        case modelType = "model_type"
        case hiddenSize = "hidden_size"
        case hiddenLayers = "num_hidden_layers"
        case attentionHeads = "num_attention_heads"
        case keyValueHeads = "num_key_value_heads"
        case intermediateSize = "intermediate_size"
        case attentionHeadsPerLayer = "num_attention_heads_per_layer"
        case keyValueHeadsPerLayer = "num_key_value_heads_per_layer"
        case intermediateSizePerLayer = "intermediate_size_per_layer"
        case headSize = "head_dim"
        case activation = "hidden_act"
        case normEpsilon = "rms_norm_eps"
        case ropeTheta = "rope_theta"
        case ropeScaling = "rope_scaling"
        case ropeParameters = "rope_parameters"
        case partialRotaryFactor = "partial_rotary_factor"
        case tiesEmbeddings = "tie_word_embeddings"
        case attentionBias = "attention_bias"
        case attentionOutputBias = "attention_output_bias"
        case mlpBias = "mlp_bias"
        case mlpDownBias = "mlp_down_bias"
        case vocabularySize = "vocab_size"
        case contextLength = "max_position_embeddings"
        case beginOfTextToken = "bos_token_id"
        case endOfTextToken = "eos_token_id"
        case elementType = "torch_dtype"
        case quantization = "quantization_config"
    }

    /// `rope_scaling` or `rope_parameters`, by the names of transformers' `modeling_rope_utils`.
    package struct RopeParameters: Codable, Sendable, Equatable {
        package var type: String?
        /// The key before transformers 4.43.
        package var legacyType: String?
        package var theta: Double?
        package var factor: Double?
        package var lowFrequencyFactor: Double?
        package var highFrequencyFactor: Double?
        package var originalContextLength: Int?
        package var shortFactors: [Float]?
        package var longFactors: [Float]?
        package var attentionFactor: Double?
        package var partialRotaryFactor: Double?

        package enum CodingKeys: String, CodingKey {
            case type = "rope_type"
            case legacyType = "type"
            case theta = "rope_theta"
            case factor
            case lowFrequencyFactor = "low_freq_factor"
            case highFrequencyFactor = "high_freq_factor"
            case originalContextLength = "original_max_position_embeddings"
            case shortFactors = "short_factor"
            case longFactors = "long_factor"
            case attentionFactor = "attention_factor"
            case partialRotaryFactor = "partial_rotary_factor"
        }
    }

    /// One token or several: transformers writes either.
    package struct TokenIdentifiers: Codable, Sendable, Equatable {
        package var all: [Int]

        package init(_ all: [Int]) { self.all = all }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let one = try? container.decode(Int.self) {
                all = [one]
            } else {
                all = try container.decode([Int].self)
            }
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if all.count == 1 { try container.encode(all[0]) } else { try container.encode(all) }
        }
    }

    /// Written for this program's own models; what others say there is of no use here, and may have any form.
    package struct AutoMap: Codable, Sendable, Equatable {
        package var classes: [String: String]

        package init(_ classes: [String: String]) { self.classes = classes }

        package init(from decoder: any Decoder) throws {
            classes = (try? decoder.singleValueContainer().decode([String: String].self)) ?? [:]
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(classes)
        }
    }

    /// Present when the weights are quantised by a scheme of transformers; which one matters only to say so.
    package struct Quantization: Codable, Sendable, Equatable {
        package var method: String?

        package enum CodingKeys: String, CodingKey { case method = "quant_method" }
    }
}

/// In which form a model is written.
public struct OutputForm: Sendable, Equatable {
    public enum Format: String, Sendable, Codable, CaseIterable {
        /// A Hugging Face folder. Where blocks differ it brings the Python file that transformers loads it by.
        case hf
        /// A Hugging Face folder for transformers' own LLaMA: every block as wide as the widest, filled up with zeros.
        case hfPadded = "hf-padded"
        /// A GGUF file, for llama.cpp and what is built on it.
        case gguf
    }

    /// How a Hugging Face folder stores weights.
    public enum ElementType: String, Sendable, Codable, CaseIterable {
        /// The input's own type; bfloat16 for quantised input.
        case auto
        case float32, float16, bfloat16
    }

    /// How a GGUF file stores weights, by the names of llama.cpp's tools.
    public enum Quantization: String, Sendable, Codable, CaseIterable {
        /// The input's own type.
        case auto
        case f32, f16, bf16
        case q80 = "q8_0"
        case q6K = "q6_k"
        case q5KM = "q5_k_m"
        case q5KS = "q5_k_s"
        case q51 = "q5_1"
        case q50 = "q5_0"
        case q4KM = "q4_k_m"
        case q4KS = "q4_k_s"
        case q41 = "q4_1"
        case q40 = "q4_0"
    }

    public var format = Format.hf
    public var elementType = ElementType.auto
    public var quantization = Quantization.auto
    /// Bytes of one safetensors file at most; `nil` for 5 GB, as transformers.
    public var maximumShardBytes: Int?

    public init(_ format: Format = .hf) { self.format = format }
}

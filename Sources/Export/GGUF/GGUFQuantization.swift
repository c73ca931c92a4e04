import CGGML
import Checkpoints

/// How a GGUF file stores weights: llama.cpp's file types (`llama_ftype`), by the names its tools use.
package enum GGUFQuantization: String, Sendable, CaseIterable {
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

    /// `general.file_type`.
    var fileType: Int {
        switch self {
        case .f32: 0
        case .f16: 1
        case .q40: 2
        case .q41: 3
        case .q80: 7
        case .q50: 8
        case .q51: 9
        case .q4KS: 14
        case .q4KM: 15
        case .q5KS: 16
        case .q5KM: 17
        case .q6K: 18
        case .bf16: 32
        }
    }

    /// What most matrices are stored as.
    var type: ggml_type {
        switch self {
        case .f32: GGML_TYPE_F32
        case .f16: GGML_TYPE_F16
        case .bf16: GGML_TYPE_BF16
        case .q80: GGML_TYPE_Q8_0
        case .q6K: GGML_TYPE_Q6_K
        case .q5KM, .q5KS: GGML_TYPE_Q5_K
        case .q51: GGML_TYPE_Q5_1
        case .q50: GGML_TYPE_Q5_0
        case .q4KM, .q4KS: GGML_TYPE_Q4_K
        case .q41: GGML_TYPE_Q4_1
        case .q40: GGML_TYPE_Q4_0
        }
    }

    var isQuantised: Bool { ![.f32, .f16, .bf16].contains(self) }

    /// The one that a file of this many values of each type is written as again: that of most of them.
    package init(keeping elements: [String: Int]) {
        let most = elements.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? ""
        let byType = Self.allCases.first { quantization in
            ElementType(quantization.type)?.name == most
        }
        self = byType ?? .f16
    }
}

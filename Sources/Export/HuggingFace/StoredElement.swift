import Checkpoints

/// How a safetensors file stores weights.
package enum StoredElement: String, Sendable, CaseIterable {
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"

    package var type: ElementType {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        }
    }

    package var byteCount: Int { type.blockBytes }

    /// `torch_dtype` of config.json.
    package var torchName: String {
        switch self {
        case .float32: "float32"
        case .float16: "float16"
        case .bfloat16: "bfloat16"
        }
    }

    /// What a file of the given element types is stored as again: its own type where it is one of these, bfloat16
    /// for quantised and mixed ones.
    package init(keeping types: some Sequence<String>) {
        let distinct = Set(types)
        self = distinct.count == 1 ? StoredElement(rawValue: distinct.first!) ?? .bfloat16 : .bfloat16
    }

    /// Little-endian bytes, rounded to nearest, ties to even.
    package func encode(_ values: [Float]) -> [UInt8] {
        TensorEncoder.encode(values, as: type)
    }
}

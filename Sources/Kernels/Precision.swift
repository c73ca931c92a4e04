import COneDNNShim

/// The element type of weights and activations. Products accumulate in float32 and the residual stream is float32
/// either way.
package enum Precision: String, Sendable, CaseIterable {
    case float32, bfloat16

    /// bfloat16 where the CPU multiplies it natively, else float32.
    package static var automatic: Precision { onednn_has_native_bfloat16() != 0 ? .bfloat16 : .float32 }

    /// What oneDNN can multiply on this CPU at all: bfloat16 needs AVX-512 or newer.
    package static let supported: [Precision] = allCases.filter { precision in
        var weights: OpaquePointer?
        defer { onednn_weights_destroy(weights) }
        return onednn_weights_create(16, 16, precision.oneDNNType, 1, &weights) == 0
    }

    package var byteCount: Int { self == .bfloat16 ? 2 : 4 }

    var oneDNNType: onednn_type { self == .bfloat16 ? onednn_bfloat16 : onednn_float32 }
}

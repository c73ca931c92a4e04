import CGGML

/// How the elements of a stored tensor are encoded: ggml's types, of which safetensors' F32, F16 and BF16 are three.
/// A block of `blockElements` consecutive elements takes `blockBytes` bytes.
package struct ElementType: Sendable, Equatable {
    /// `nil` for a type that can be measured but not read.
    package let type: ggml_type?
    /// As ggml spells it, in capitals (`F32`, `BF16`, `Q4_1`, `Q4_K`); for opaque types as the file spells it.
    package let name: String
    package let blockElements: Int
    package let blockBytes: Int

    /// `nil` when ggml has no such type (or has removed it).
    package init?(ggml number: UInt32) {
        guard number < GGML_TYPE_COUNT.rawValue else { return nil }
        self.init(ggml_type(rawValue: ggml_type.RawValue(number)))
    }

    package init?(_ type: ggml_type) {
        guard let traits = ggml_get_type_traits(type)?.pointee, traits.blck_size > 0, traits.type_size > 0 else {
            return nil
        }
        self.type = type
        name = traits.type_name.map { String(cString: $0).uppercased() } ?? "type \(type.rawValue)"
        blockElements = Int(traits.blck_size)
        blockBytes = Int(traits.type_size)
    }

    private init(opaque name: String, bytes: Int) {
        type = nil
        self.name = name
        blockElements = 1
        blockBytes = bytes
    }

    /// A type of which only the size matters.
    package static func opaque(_ name: String, bytes: Int) -> ElementType { ElementType(opaque: name, bytes: bytes) }

    package static let float32 = ElementType(GGML_TYPE_F32)!
    package static let float16 = ElementType(GGML_TYPE_F16)!
    package static let bfloat16 = ElementType(GGML_TYPE_BF16)!

    /// Whether `dequantize` can turn it into floats.
    package var isReadable: Bool {
        guard let type else { return false }
        return type == GGML_TYPE_F32 || ggml_get_type_traits(type)?.pointee.to_float != nil
    }

    /// Turns whole blocks into floats. `source` holds exactly the blocks of `destination.count` elements.
    /// - Precondition: `isReadable`.
    package func dequantize(_ source: UnsafeRawBufferPointer, into destination: UnsafeMutableBufferPointer<Float>) {
        precondition(source.count == destination.count / blockElements * blockBytes)
        guard let type, let from = source.baseAddress, let to = destination.baseAddress else { return }
        if type == GGML_TYPE_F32 {
            UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: source.count)
        } else {
            ggml_get_type_traits(type)?.pointee.to_float?(from, to, Int64(destination.count))
        }
    }
}

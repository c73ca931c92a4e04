/// Everything a GGUF file states before its tensor data, checked.
///
/// ggml's own reader stops the process on some malformed files, so every count, length, type and offset is checked
/// here first (specification: ggml's `docs/gguf.md` and `gguf.h`). Values stay in the file until asked for, so that
/// nothing is allocated on the word of a length field.
struct GGUFHeader: Sendable {
    /// Where tensor data begins, from the start of the file.
    var dataOffset: Int
    var values: [String: GGUFValue]
    var tensors: [String: TensorExtent]

    static let magic = Array("GGUF".utf8)
    static let defaultAlignment = 32
}

/// The types of GGUF metadata, with their numbers in the file.
enum GGUFType: UInt32, Sendable {
    case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

    /// Bytes of one value; `nil` for strings and arrays.
    var width: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .string, .array: nil
        }
    }
}

/// A metadata value's place in the file.
struct GGUFValue: Sendable, Equatable {
    /// Of the value, or of an array's elements.
    var type: GGUFType
    /// Elements of an array, `nil` for a single value.
    var arrayCount: Int?
    /// Of the first value's first byte; for strings, of the first length field.
    var offset: Int
}

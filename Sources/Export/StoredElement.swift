/// How weights are stored.
package enum StoredElement: String, Sendable, CaseIterable {
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"

    package var byteCount: Int { self == .float32 ? 4 : 2 }

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
        [UInt8](unsafeUninitializedCapacity: values.count * byteCount) { bytes, count in
            count = values.count * byteCount
            for (index, value) in values.enumerated() {
                switch self {
                case .float32: Self.put(value.bitPattern, bytes, index * 4)
                case .float16: Self.put(Self.half(value), bytes, index * 2)
                case .bfloat16: Self.put(Self.brain(value), bytes, index * 2)
                }
            }
        }
    }

    private static func put<T: FixedWidthInteger>(_ value: T, _ bytes: UnsafeMutableBufferPointer<UInt8>, _ at: Int) {
        UnsafeMutableRawPointer(bytes.baseAddress! + at).storeBytes(of: value.littleEndian, as: T.self)
    }

    private static func brain(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        if value.isNaN { return UInt16(truncatingIfNeeded: (bits | 0x0040_0000) >> 16) }
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
    }

    /// IEEE 754 binary16; too large values become infinite. (`Float16` is not available on every platform.)
    private static func half(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let sign = UInt16(truncatingIfNeeded: (bits >> 16) & 0x8000)
        let magnitude = bits & 0x7FFF_FFFF
        if magnitude > 0x7F80_0000 { return sign | 0x7E00 }
        if magnitude >= 0x4780_0000 { return sign | 0x7C00 }
        if magnitude < 0x3880_0000 {
            // Subnormal: adding ½ moves the bits that binary16 keeps to the end of the mantissa, rounded.
            let shifted = Float(bitPattern: magnitude) + 0.5
            return sign | UInt16(truncatingIfNeeded: shifted.bitPattern &- (0.5 as Float).bitPattern)
        }
        let rounded = magnitude &+ 0xFFF &+ ((magnitude >> 13) & 1)
        return sign | UInt16(truncatingIfNeeded: (rounded &- 0x3800_0000) >> 13)
    }
}

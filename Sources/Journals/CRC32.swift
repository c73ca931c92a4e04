/// CRC-32 as in IEEE 802.3, gzip and PNG: polynomial 0xEDB88320 (reflected), start and end value 0xFFFFFFFF.
///
/// It finds every error within 32 consecutive bits, so every single changed byte.
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }

    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var value: UInt32 = 0xFFFF_FFFF
        for byte in bytes { value = table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] ^ (value >> 8) }
        return value ^ 0xFFFF_FFFF
    }
}

/// The alphabet of byte-level tokenizers (GPT-2): every byte has a printable scalar, the printable bytes of Latin-1
/// their own, the others U+0100 and up in order.
enum ByteAlphabet {
    /// UTF-8 of each byte's scalar.
    static let encoded: [[UInt8]] = scalars.map { Array(String($0).utf8) }

    private static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (0...255 as ClosedRange<UInt32>).map { byte in
            var value = byte
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: break
            default:
                value = next
                next += 1
            }
            return Unicode.Scalar(value) ?? "?"
        }
    }()

    private static let bytes: [UInt32: UInt8] = Dictionary(
        uniqueKeysWithValues: scalars.enumerated().map { ($1.value, UInt8($0)) })

    /// The bytes that a token stands for, `nil` where it has a scalar outside the alphabet.
    static func decode(_ token: [UInt8]) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(token.count)
        for scalar in String(decoding: token, as: UTF8.self).unicodeScalars {
            guard let byte = bytes[scalar.value] else { return nil }
            result.append(byte)
        }
        return result
    }
}

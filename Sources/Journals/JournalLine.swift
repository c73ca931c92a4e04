import Foundation

/// One line of a journal, without its newline: `{"crc32":"cbf43926","event":…}`.
///
/// The checksum is that of the bytes between `"event":` and the last brace, as they stand in the file. Everything else
/// is fixed, so each changed byte of a line shows. A line is JSON as it is, for `jq` and other readers.
enum JournalLine {
    static let newline = UInt8(ascii: "\n")

    enum Kind: String {
        case header, event
    }

    private static let start = Array(#"{"crc32":""#.utf8)
    private static let digits = 8

    private static func prefix(_ kind: Kind, _ checksum: UInt32) -> [UInt8] {
        let hexadecimal = String(checksum, radix: 16)
        let padding = String(repeating: "0", count: digits - hexadecimal.utf8.count)
        return start + Array("\(padding)\(hexadecimal)\",\"\(kind.rawValue)\":".utf8)
    }

    /// The line of a payload, with its newline.
    static func encode(_ payload: some Collection<UInt8>, _ kind: Kind) -> [UInt8] {
        prefix(kind, CRC32.checksum(payload)) + payload + [UInt8(ascii: "}"), newline]
    }

    /// The payload of a line that is given without its newline; nil if a byte of it is not as it was written.
    static func payload(_ line: ArraySlice<UInt8>, _ kind: Kind) -> ArraySlice<UInt8>? {
        let length = prefix(kind, 0).count
        guard line.count > length, line.last == UInt8(ascii: "}") else { return nil }
        let payload = line.dropFirst(length).dropLast()
        return line.starts(with: prefix(kind, CRC32.checksum(payload))) ? payload : nil
    }

    /// Whether a damaged line holds the start of another, which one interrupted append cannot leave behind.
    static func holdsSeveral(_ line: ArraySlice<UInt8>) -> Bool {
        var rest = line.dropFirst()
        while let next = rest.firstIndex(of: start[0]) {
            if rest[next...].starts(with: start) { return true }
            rest = rest[next...].dropFirst()
        }
        return false
    }
}

/// How values become JSON in a run folder: sorted keys, so that equal values are equal bytes, and NaN and infinities
/// as strings, since a fitness may be either. Numbers come back bit for bit.
enum JournalCoding {
    static func encoder(pretty: Bool = false) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return encoder
    }

    static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return decoder
    }

    /// What is wrong with a value, in words and with the place in it.
    static func reason(_ error: any Error) -> String {
        func place(_ context: DecodingError.Context) -> String {
            context.codingPath.isEmpty ? "" : " at '\(context.codingPath.map(\.stringValue).joined(separator: "."))'"
        }
        switch error {
        case DecodingError.keyNotFound(let key, let context): return "no '\(key.stringValue)'\(place(context))"
        case DecodingError.typeMismatch(let type, let context):
            let name = type == [String: Any].self ? "object" : type == [Any].self ? "array" : "\(type)"
            return "no \(name)\(place(context))"
        case DecodingError.valueNotFound(let type, let context): return "null for a \(type)\(place(context))"
        case DecodingError.dataCorrupted(let context): return context.debugDescription + place(context)
        case EncodingError.invalidValue(_, let context): return context.debugDescription
        default: return String(describing: error)
        }
    }
}

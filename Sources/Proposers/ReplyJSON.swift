/// JSON as a chat model writes it, read by hand: what Foundation makes of numbers, Boolean values and equal keys is not
/// the same everywhere, and a recorded reply has to mean the same on every machine.
enum ReplyJSON: Equatable, Sendable {
    case object([String: ReplyJSON])
    case list([ReplyJSON])
    case string(String)
    /// NaN also for the words `NaN` and `Infinity`, which are no JSON but what some libraries write.
    case number(Double)
    /// `true`, `false` or `null`.
    case word

    /// Deeper than any form that is asked for.
    static let maximumDepth = 16
    /// Brackets that begin no JSON, after which the rest of a text is not looked at.
    static let maximumFailures = 64

    /// The objects and lists in a text, in order, without those inside others: models like to put words or a code fence
    /// around what was asked for. Beside an object that is broken, lists do not count: they may be parts of it.
    static func values(in text: String) -> [ReplyJSON] {
        let bytes = Array(text.utf8)
        var values: [ReplyJSON] = []
        var (place, failures) = (0, 0)
        var isBroken = false
        while failures < maximumFailures {
            let isStart = { (byte: UInt8) in byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") }
            guard let start = bytes[place...].firstIndex(where: isStart) else { break }
            var reader = ReplyJSONReader(bytes: bytes, place: start)
            do {
                values.append(try reader.value(depth: 1))
                place = reader.place
            } catch {
                failures += 1
                isBroken = isBroken || bytes[start] == UInt8(ascii: "{")
                place = start + 1
            }
        }
        return isBroken ? values.filter(\.isObject) : values
    }

    var isObject: Bool { if case .object = self { true } else { false } }
}

/// Reads one value (RFC 8259) from a place on. Keys that come twice in an object are an error.
private struct ReplyJSONReader {
    struct Failure: Error {}

    let bytes: [UInt8]
    var place: Int

    private static let words: [(spelling: [UInt8], value: ReplyJSON)] = [
        (Array("true".utf8), .word), (Array("false".utf8), .word), (Array("null".utf8), .word),
        (Array("NaN".utf8), .number(.nan)), (Array("Infinity".utf8), .number(.nan)),
        (Array("-Infinity".utf8), .number(.nan)),
    ]

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    private mutating func skipSpace() {
        while let next, [0x20, 0x09, 0x0a, 0x0d].contains(next) { place += 1 }
    }

    mutating func value(depth: Int) throws(Failure) -> ReplyJSON {
        switch next {
        case UInt8(ascii: "{"): return try object(depth)
        case UInt8(ascii: "["): return try list(depth)
        case UInt8(ascii: "\""): return .string(try string())
        default: break
        }
        for word in Self.words where bytes[place...].starts(with: word.spelling) {
            place += word.spelling.count
            return word.value
        }
        return try number()
    }

    private mutating func object(_ depth: Int) throws(Failure) -> ReplyJSON {
        guard depth <= ReplyJSON.maximumDepth, take("{") else { throw Failure() }
        var members: [String: ReplyJSON] = [:]
        skipSpace()
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            let key = try string()
            skipSpace()
            guard take(":") else { throw Failure() }
            skipSpace()
            guard members.updateValue(try value(depth: depth + 1), forKey: key) == nil else { throw Failure() }
            skipSpace()
        } while take(",")
        guard take("}") else { throw Failure() }
        return .object(members)
    }

    private mutating func list(_ depth: Int) throws(Failure) -> ReplyJSON {
        guard depth <= ReplyJSON.maximumDepth, take("[") else { throw Failure() }
        var items: [ReplyJSON] = []
        skipSpace()
        if take("]") { return .list(items) }
        repeat {
            skipSpace()
            items.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw Failure() }
        return .list(items)
    }

    /// A surrogate without its other half becomes U+FFFD.
    private mutating func string() throws(Failure) -> String {
        guard take("\"") else { throw Failure() }
        var text = String.UnicodeScalarView()
        var plain = place
        while let byte = next {
            guard byte >= 0x20 else { throw Failure() }
            guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
                place += 1
                continue
            }
            text.append(contentsOf: String(decoding: bytes[plain..<place], as: UTF8.self).unicodeScalars)
            place += 1
            if byte == UInt8(ascii: "\"") { return String(text) }
            text.append(try escaped())
            plain = place
        }
        throw Failure()
    }

    private mutating func escaped() throws(Failure) -> Unicode.Scalar {
        guard let byte = next else { throw Failure() }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw Failure()
        }
        let first = try hexadecimal()
        guard (0xd800..<0xdc00).contains(first), bytes[place...].starts(with: [0x5c, 0x75]) else {
            return Unicode.Scalar(first) ?? "\u{fffd}"
        }
        let behind = place
        place += 2
        let second = try hexadecimal()
        guard (0xdc00..<0xe000).contains(second) else {
            // The second escape stands for itself.
            place = behind
            return "\u{fffd}"
        }
        return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)) ?? "\u{fffd}"
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw Failure() }
            value = value << 4 | UInt32(digit)
            place += 1
        }
        return value
    }

    private mutating func number() throws(Failure) -> ReplyJSON {
        let start = place
        func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }
        func skipDigits() throws(Failure) {
            guard isDigit(next) else { throw Failure() }
            while isDigit(next) { place += 1 }
        }
        _ = take("-")
        let isZero = next == UInt8(ascii: "0")
        let digits = place
        try skipDigits()
        guard !isZero || place == digits + 1 else { throw Failure() }
        if take(".") { try skipDigits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try skipDigits()
        }
        // What no Double holds is no level either.
        return .number(Double(String(decoding: bytes[start..<place], as: UTF8.self)) ?? .nan)
    }
}

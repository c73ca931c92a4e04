/// Reads JSON (RFC 8259) from bytes. Nesting is bounded, memory is proportional to the input, and nothing in the input
/// can trap.
struct TokenizerJSONReader {
    /// The nesting that `serde_json`, which reads these files elsewhere, allows.
    static let deepestNesting = 128

    private let bytes: [UInt8]
    private let file: String
    private var position = 0
    private var depth = 0

    /// - Throws: `TokenizerError.badJSON` with the offset of the first byte that does not fit.
    static func read(_ bytes: [UInt8], file: String) throws(TokenizerError) -> TokenizerJSON {
        var reader = TokenizerJSONReader(bytes: bytes, file: file)
        let value = try reader.value()
        reader.skipSpace()
        if reader.position < bytes.count { throw reader.failure("there is text after the end of the JSON value") }
        return value
    }

    private init(bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
    }

    private func failure(_ message: String) -> TokenizerError {
        TokenizerError(.badJSON, message, file: file, offset: position)
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func value() throws(TokenizerError) -> TokenizerJSON {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try nested { (reader) throws(TokenizerError) in try reader.object() }
        case UInt8(ascii: "["): return try nested { (reader) throws(TokenizerError) in try reader.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case .some(let byte) where byte == UInt8(ascii: "-") || isDigit(byte): return .number(try number())
        case .some: throw failure("a JSON value is expected here")
        case nil: throw failure("the JSON ends too early")
        }
    }

    private mutating func nested(
        _ body: (inout Self) throws(TokenizerError) -> TokenizerJSON
    ) throws(TokenizerError) -> TokenizerJSON {
        if depth == Self.deepestNesting { throw failure("the JSON is nested more than \(Self.deepestNesting) deep") }
        depth += 1
        position += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func object() throws(TokenizerError) -> TokenizerJSON {
        var members: [TokenizerJSON.Member] = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw failure("a member's name is expected here") }
            let key = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw failure("a colon is expected here") }
            members.append(.init(key: key, value: try value()))
            skipSpace()
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "}")) else { throw failure("a comma or a closing brace is expected here") }
            return .object(members)
        }
    }

    private mutating func array() throws(TokenizerError) -> TokenizerJSON {
        var values: [TokenizerJSON] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(values) }
        while true {
            values.append(try value())
            skipSpace()
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "]")) else { throw failure("a comma or a closing bracket is expected here") }
            return .array(values)
        }
    }

    private mutating func literal(_ word: StaticString, _ value: TokenizerJSON) throws(TokenizerError) -> TokenizerJSON
    {
        let text = word.description.utf8
        guard bytes[position...].starts(with: text) else { throw failure("a JSON value is expected here") }
        position += text.count
        return value
    }

    private func isDigit(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return byte >= 0x30 && byte <= 0x39
    }

    private mutating func digits() throws(TokenizerError) {
        guard isDigit(next) else { throw failure("a digit is expected here") }
        while isDigit(next) { position += 1 }
    }

    private mutating func number() throws(TokenizerError) -> Double {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        guard let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)), value.isFinite else {
            throw failure("the number is out of range")
        }
        return value
    }

    private mutating func string() throws(TokenizerError) -> [UInt8] {
        position += 1
        var result: [UInt8] = []
        var copied = position
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                result.append(contentsOf: bytes[copied..<position])
                position += 1
                return result
            case UInt8(ascii: "\\"):
                result.append(contentsOf: bytes[copied..<position])
                position += 1
                try escape(into: &result)
                copied = position
            case 0..<0x20:
                throw failure("a control character stands in a string")
            case 0x20..<0x80:
                position += 1
            default:
                guard case .scalar(let length) = UTF8Sequence.at(position, in: bytes) else {
                    throw failure("the string is not UTF-8")
                }
                position += length
            }
        }
        throw failure("a string does not end")
    }

    private mutating func escape(into result: inout [UInt8]) throws(TokenizerError) {
        guard let byte = next else { throw failure("a string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if code & 0xFC00 == 0xD800 {
                guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
                    throw failure("half of a surrogate pair")
                }
                let low = try hexadecimal()
                guard low & 0xFC00 == 0xDC00 else { throw failure("half of a surrogate pair") }
                code = 0x10000 + ((code & 0x3FF) << 10 | (low & 0x3FF))
            }
            guard let scalar = Unicode.Scalar(code) else { throw failure("half of a surrogate pair") }
            result.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
        default: throw failure("an unknown escape")
        }
    }

    private mutating func hexadecimal() throws(TokenizerError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, byte < 0x80, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("four hexadecimal digits are expected here")
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }
}

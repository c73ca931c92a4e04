/// JSON as Python's `json.dumps(…, ensure_ascii=False)` writes it: a space after commas and colons, nothing escaped but
/// what must be. Files of tasks are compared by their bytes.
struct PythonJSON {
    /// A row that does not have the fields that it should have.
    struct Misfit: Error {
        /// In words that go after "… has".
        var reason: String
    }

    private(set) var bytes: [UInt8] = []

    private static let digits = Array("0123456789abcdef".utf8)
    private static let short: [UInt8: UInt8] = [
        0x08: UInt8(ascii: "b"), 0x09: UInt8(ascii: "t"), 0x0A: UInt8(ascii: "n"), 0x0C: UInt8(ascii: "f"),
        0x0D: UInt8(ascii: "r"), UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "\\"): UInt8(ascii: "\\"),
    ]

    /// One line.
    /// - Parameters:
    ///   - fields: those of the row, in the order in which they are written. Others are left out.
    ///   - members: those of objects in it.
    mutating func appendLine(_ row: [String: RowValue], fields: [String], members: [String]) throws(Misfit) {
        try append(row, fields, members)
        bytes.append(0x0A)
    }

    private mutating func append(
        _ object: [String: RowValue], _ names: [String], _ members: [String]
    ) throws(Misfit) {
        bytes.append(UInt8(ascii: "{"))
        for (index, name) in names.enumerated() {
            guard let value = object[name] else { throw Misfit(reason: "no field '\(name)'") }
            if index > 0 { bytes += Array(", ".utf8) }
            append(name)
            bytes += Array(": ".utf8)
            try append(value, members)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func append(_ value: RowValue, _ members: [String]) throws(Misfit) {
        switch value {
        case .null: bytes += Array("null".utf8)
        case .flag(let flag): bytes += Array((flag ? "true" : "false").utf8)
        case .integer(let integer): bytes += Array(String(integer).utf8)
        // Python would write it otherwise where it has an exponent; no task has such a number.
        case .number(let number): bytes += Array(number.description.utf8)
        case .text(let text): append(text)
        case .list(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes += Array(", ".utf8) }
                try append(value, members)
            }
            bytes.append(UInt8(ascii: "]"))
        case .mapping(let object): try append(object, members, members)
        }
    }

    private mutating func append(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                bytes.append(byte)
            } else if let letter = Self.short[byte] {
                bytes += [UInt8(ascii: "\\"), letter]
            } else {
                bytes += Array("\\u00".utf8) + [Self.digits[Int(byte >> 4)], Self.digits[Int(byte & 15)]]
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

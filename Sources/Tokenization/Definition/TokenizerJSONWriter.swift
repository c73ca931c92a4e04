extension TokenizerJSON {
    static func string(_ text: String) -> TokenizerJSON { .string(Array(text.utf8)) }

    static func object(_ members: KeyValuePairs<String, TokenizerJSON>) -> TokenizerJSON {
        .object(members.map { Member(key: Array($0.key.utf8), value: $0.value) })
    }

    /// The value as indented JSON, members in their order. Strings must be UTF-8.
    func serialised() -> [UInt8] {
        var output: [UInt8] = []
        write(to: &output, indentation: 0)
        output.append(0x0A)
        return output
    }

    private func write(to output: inout [UInt8], indentation: Int) {
        switch self {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let value):
            output.append(contentsOf: (Int(exactly: value).map(String.init) ?? "\(value)").utf8)
        case .string(let value): Self.write(value, to: &output)
        case .array(let values):
            Self.writeList(open: "[", close: "]", count: values.count, to: &output, indentation: indentation) {
                values[$0].write(to: &$1, indentation: indentation + 1)
            }
        case .object(let members):
            Self.writeList(open: "{", close: "}", count: members.count, to: &output, indentation: indentation) {
                Self.write(members[$0].key, to: &$1)
                $1.append(contentsOf: ": ".utf8)
                members[$0].value.write(to: &$1, indentation: indentation + 1)
            }
        }
    }

    private static func writeList(
        open: String, close: String, count: Int, to output: inout [UInt8], indentation: Int,
        element: (Int, inout [UInt8]) -> Void
    ) {
        output.append(contentsOf: open.utf8)
        for index in 0..<count {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            newLine(indentation + 1, to: &output)
            element(index, &output)
        }
        if count > 0 { newLine(indentation, to: &output) }
        output.append(contentsOf: close.utf8)
    }

    private static func newLine(_ indentation: Int, to output: inout [UInt8]) {
        output.append(0x0A)
        output.append(contentsOf: repeatElement(0x20, count: indentation * 2))
    }

    private static func write(_ string: [UInt8], to output: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        output.append(UInt8(ascii: "\""))
        for byte in string {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case 0x0A: output.append(contentsOf: "\\n".utf8)
            case 0..<0x20, 0x7F:
                output.append(contentsOf: "\\u00".utf8)
                output.append(digits[Int(byte >> 4)])
                output.append(digits[Int(byte & 15)])
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}

/// The text of a JSON object, written member by member: the order of members is kept and equal contents are equal
/// bytes, neither of which an encoder promises.
struct JSONObject {
    private var members: [String] = []

    var text: String { "{\(members.joined(separator: ","))}" }

    mutating func set(_ name: String, _ value: String) { set(name, json: Self.quoted(value)) }

    mutating func set(_ name: String, _ value: Bool) { set(name, json: value ? "true" : "false") }

    mutating func set<Value: FixedWidthInteger>(_ name: String, _ value: Value?) {
        if let value { set(name, json: String(value)) }
    }

    /// The shortest digits that read back as the same number. (A number that is not finite makes this no JSON.)
    mutating func set(_ name: String, _ value: Double?) {
        if let value { set(name, json: value.description) }
    }

    mutating func set(_ name: String, object: JSONObject) { set(name, json: object.text) }

    mutating func set(_ name: String, array: [JSONObject]) {
        set(name, json: "[\(array.map(\.text).joined(separator: ","))]")
    }

    /// - Parameter json: JSON already.
    mutating func set(_ name: String, json: String) { members.append("\(Self.quoted(name)):\(json)") }

    /// A string of JSON with nothing escaped but what must be (RFC 8259, 7).
    private static func quoted(_ text: String) -> String {
        var quoted: [UInt8] = [UInt8(ascii: "\"")]
        let digits = Array("0123456789abcdef".utf8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): quoted += [UInt8(ascii: "\\"), byte]
            case ..<0x20: quoted += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: quoted.append(byte)
            }
        }
        quoted.append(UInt8(ascii: "\""))
        return String(decoding: quoted, as: UTF8.self)
    }
}

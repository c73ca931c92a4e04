import Foundation

/// Any JSON, for comparing settings without their type.
enum JSONValue: Codable, Equatable, Sendable {
    case null
    case boolean(Bool)
    /// Whole numbers apart from others: a 64-bit seed does not fit a Double.
    case integer(Int64)
    case unsigned(UInt64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .unsigned(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .unsigned(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// A value as JSON again.
    init(_ value: some Encodable) throws {
        self = try JournalCoding.decoder().decode(Self.self, from: JournalCoding.encoder().encode(value))
    }
}

/// A setting that a run folder has otherwise than its caller.
package struct SettingDifference: Equatable, Sendable, CustomStringConvertible {
    /// Nested keys are joined by dots: `limits.candidates`.
    package let key: String
    /// As JSON, shortened if long; nil if absent.
    package let there: String?
    package let here: String?

    package var description: String { "\(key) is \(there ?? "absent") there and \(here ?? "absent") here" }

    /// All differences, sorted by key. An absent object is taken for an empty one, so that the keys are those of single
    /// settings; arrays are compared whole.
    static func between(_ there: JSONValue?, _ here: JSONValue?, at key: String = "") -> [Self] {
        if there == here { return [] }
        let mine = members(here)
        let other = members(there)
        guard let mine, let other, !mine.isEmpty || !other.isEmpty else {
            return [Self(key: key.isEmpty ? "the whole" : key, there: text(there), here: text(here))]
        }
        return Set(mine.keys).union(other.keys).sorted().flatMap { name in
            between(other[name], mine[name], at: key.isEmpty ? name : "\(key).\(name)")
        }
    }

    private static func members(_ value: JSONValue?) -> [String: JSONValue]? {
        switch value {
        case nil: [:]
        case .object(let members): members
        default: nil
        }
    }

    private static func text(_ value: JSONValue?) -> String? {
        guard let value else { return nil }
        let data = (try? JournalCoding.encoder().encode(value)) ?? Data()
        let text = String(decoding: data, as: UTF8.self)
        return text.count <= 80 ? text : "\(text.prefix(79))…"
    }
}

import Foundation
import Tokenization

/// Any JSON: an item of a data file, or a declaration.
indirect enum DocumentValue: Decodable, Sendable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case list([DocumentValue])
    case mapping([String: DocumentValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // Strings first: most values are.
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([DocumentValue].self) {
            self = .list(value)
        } else if let value = try? container.decode([String: DocumentValue].self) {
            self = .mapping(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else {
            self = .number(try container.decode(Double.self))
        }
    }

    /// For templates; fields that are null are not there.
    var templateValue: TemplateValue {
        switch self {
        case .null: .none
        case .boolean(let value): .boolean(value)
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .string(let value): .string(value)
        case .list(let values): .list(values.map(\.templateValue))
        case .mapping: .mapping(members)
        }
    }

    /// The members of a mapping, for templates, in the order of their keys.
    var members: [(key: String, value: TemplateValue)] {
        guard case .mapping(let members) = self else { return [] }
        return members.filter { $0.value != .null }.sorted { $0.key < $1.key }
            .map { (key: $0.key, value: $0.value.templateValue) }
    }

    var text: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The strings of a list of nothing else.
    var texts: [String]? {
        guard case .list(let values) = self else { return nil }
        let texts = values.compactMap(\.text)
        return texts.count == values.count ? texts : nil
    }

    /// A member, or one of a member: `choices.text`.
    subscript(path: String) -> DocumentValue? {
        var value = self
        for name in path.split(separator: ".", omittingEmptySubsequences: false) {
            guard case .mapping(let members) = value, let member = members[String(name)], member != .null else {
                return nil
            }
            value = member
        }
        return value
    }
}

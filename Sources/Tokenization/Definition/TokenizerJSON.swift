/// A JSON value whose strings are UTF-8 bytes: Swift's `String` compares canonically, and would take two tokens that
/// differ only in normalisation for one.
enum TokenizerJSON: Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string([UInt8])
    case array([TokenizerJSON])
    /// Members in the order of the file, duplicates included.
    case object([Member])

    struct Member: Sendable {
        var key: [UInt8]
        var value: TokenizerJSON
    }

    var isNull: Bool {
        if case .null = self { true } else { false }
    }

    var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    var number: Double? {
        if case .number(let value) = self { value } else { nil }
    }

    /// The number as a token id: a whole number from 0 to `TokenizerDefinition.largestID`.
    var id: Int32? {
        guard let number, number >= 0, number <= Double(TokenizerDefinition.largestID) else { return nil }
        return Int32(exactly: number)
    }

    var bytes: [UInt8]? {
        if case .string(let value) = self { value } else { nil }
    }

    var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    var array: [TokenizerJSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    var object: [Member]? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The last member of that name, `nil` where the value is not an object or has none.
    subscript(key: String) -> TokenizerJSON? {
        guard let object else { return nil }
        return object.last { $0.key.elementsEqual(key.utf8) }?.value
    }

    /// As the subscript, but `null` counts as absent.
    func present(_ key: String) -> TokenizerJSON? {
        guard let value = self[key], !value.isNull else { return nil }
        return value
    }
}

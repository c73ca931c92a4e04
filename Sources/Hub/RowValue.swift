/// A value in a row of a dataset.
enum RowValue: Decodable, Sendable {
    case null
    case flag(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([RowValue])
    case mapping([String: RowValue])

    init(from decoder: any Decoder) throws {
        if let keyed = try? decoder.container(keyedBy: Key.self) {
            var mapping: [String: RowValue] = [:]
            for key in keyed.allKeys { mapping[key.stringValue] = try keyed.decode(RowValue.self, forKey: key) }
            self = .mapping(mapping)
        } else if var list = try? decoder.unkeyedContainer() {
            var values: [RowValue] = []
            while !list.isAtEnd { values.append(try list.decode(RowValue.self)) }
            self = .list(values)
        } else {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                self = .null
            } else if let flag = try? value.decode(Bool.self) {
                self = .flag(flag)
            } else if let integer = try? value.decode(Int.self) {
                self = .integer(integer)
            } else if let number = try? value.decode(Double.self) {
                self = .number(number)
            } else {
                self = .text(try value.decode(String.self))
            }
        }
    }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// What may follow `is`.
extension TemplateInterpreter {
    mutating func test(_ value: Value, _ name: String, _ arguments: Arguments) throws(ChatTemplateError) -> Bool {
        switch name {
        case "defined": if case .undefined = value { false } else { true }
        case "undefined": if case .undefined = value { true } else { false }
        case "none": value == .none
        case "true": value == .boolean(true)
        case "false": value == .boolean(false)
        case "boolean": if case .boolean = value { true } else { false }
        case "string": if case .string = value { true } else { false }
        case "integer": if case .integer = value { true } else { false }
        case "float": if case .number = value { true } else { false }
        case "number": asNumber(value) != nil
        case "mapping": if case .mapping = value { true } else { false }
        case "sequence":
            switch value {
            case .string, .list, .tuple, .mapping, .undefined: true
            default: false
            }
        case "iterable":
            switch value {
            case .string, .list, .tuple, .mapping, .undefined, .loop: true
            default: false
            }
        case "callable":
            switch value {
            case .macro, .function: true
            default: false
            }
        case "odd": try integer(value, "what is tested for 'odd'") & 1 == 1
        case "even": try integer(value, "what is tested for 'even'") & 1 == 0
        case "lower": try text(of: value) == (try text(of: value)).lowercased
        case "upper": try text(of: value) == (try text(of: value)).uppercased
        default: try testAgainst(value, name, arguments)
        }
    }

    private mutating func testAgainst(
        _ value: Value, _ name: String, _ arguments: Arguments
    ) throws(ChatTemplateError) -> Bool {
        guard let other = arguments.value(0) else { throw error(.unsupported, "the test '\(name)' is not supported") }
        switch name {
        case "divisibleby":
            let divisor = try integer(other, "the divisor")
            guard divisor != 0 else { throw error(.type, "division by zero") }
            return try integer(value, "what is divided").remainderReportingOverflow(dividingBy: divisor).0 == 0
        case "eq", "equalto", "==": return try isEqual(value, other)
        case "ne", "!=": return try !isEqual(value, other)
        case "lt", "lessthan", "<": return try isLess(value, other)
        case "gt", "greaterthan", ">": return try isLess(other, value)
        case "le", "<=": return try isLess(value, other, orEqual: true)
        case "ge", ">=": return try isLess(other, value, orEqual: true)
        case "in": return try contains(other, value)
        case "sameas":
            guard kindName(of: value) == kindName(of: other) else { return false }
            return try isEqual(value, other)
        default: throw error(.unsupported, "the test '\(name)' is not supported")
        }
    }
}

/// What may follow `|`.
extension TemplateInterpreter {
    mutating func filter(_ value: Value, _ name: String, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        if name != "default" && name != "d" { try refuseUndefined(value) }
        switch name {
        case "default", "d":
            let replacement = arguments.value(0, "default_value") ?? Value.string([])
            if case .undefined = value { return replacement }
            guard let onFalse = arguments.value(1, "boolean"), isTrue(onFalse) else { return value }
            return isTrue(value) ? value : replacement
        case "safe": return value
        case "length", "count": return .integer(try count(of: value))
        case "tojson": return try json(value, arguments)
        case "int", "float", "abs", "round": return try number(value, name, arguments)
        case "items":
            if case .undefined = value { return try list([]) }
            guard case .mapping = value else { throw error(.type, "'items' needs a mapping") }
            return try callMethod("items", of: value, Arguments())
        case "dictsort": return try sortedMapping(value, arguments)
        case "string", "trim", "upper", "lower", "title", "capitalize", "replace", "indent", "e", "escape":
            let text = try text(of: value)
            try spend(text.count)
            return try string(try textFilter(text, name, arguments))
        default: return try sequenceFilter(value, name, arguments)
        }
    }

    private mutating func count(of value: Value) throws(ChatTemplateError) -> Int {
        switch value {
        case .string(let text): text.count
        case .list(let id), .tuple(let id): lists[id].count
        case .mapping(let id): mappings[id].entries.count
        case .loop(let id): loops[id].items.count
        case .undefined: 0
        default: throw error(.type, "\(kindName(of: value)) has no length")
        }
    }

    private mutating func json(_ value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        func given(_ name: String) -> Value? { arguments.named.first { $0.name == name }?.value }
        var format = JSONFormat()
        switch arguments.value(0, "indent") ?? given("indent") ?? Value.none {
        case .none: break
        case .string(let text): format.indent = text
        case let width:
            let count = try integer(width, "the indent")
            format.indent = Array(repeating: " ", count: min(max(0, count), 64))
        }
        if format.indent != nil { format.itemSeparator = [","] }
        if let separators = given("separators"), separators != Value.none {
            let parts = try items(of: separators)
            guard parts.count == 2, case .string(let item) = parts[0], case .string(let key) = parts[1] else {
                throw error(.type, "the separators of 'tojson' must be two strings")
            }
            format.itemSeparator = item
            format.keySeparator = key
        }
        if let escapes = given("ensure_ascii") { format.escapesNonASCII = isTrue(escapes) }
        if let sorts = given("sort_keys") { format.sortsKeys = isTrue(sorts) }
        var text: TemplateText = []
        try appendJSON(of: value, format, to: &text)
        return .string(text)
    }

    private mutating func number(
        _ value: Value, _ name: String, _ arguments: Arguments
    ) throws(ChatTemplateError) -> Value {
        if case .undefined(let name) = value { throw error(.undefined, "'\(name)' is undefined") }
        var parsed = value
        if case .string(let text) = value, text.count <= 400 {
            let trimmed = String(template: text.stripped(.both).filter { $0 != "_" })
            parsed = Int(trimmed).map { .integer($0) } ?? Double(trimmed).map { .number($0) } ?? value
        }
        switch name {
        case "int":
            if case .number(let number) = parsed {
                return Int(exactly: number.rounded(.towardZero)).map { .integer($0) } ?? .integer(0)
            }
            guard asNumber(parsed) != nil else { return arguments.value(0, "default") ?? .integer(0) }
            return .integer(try integer(parsed, "the value"))
        case "float": return asNumber(parsed).map { .number($0) } ?? arguments.value(0, "default") ?? .number(0)
        case "abs":
            if case .number(let number) = value { return .number(abs(number)) }
            let number = try integer(value, "the operand of 'abs'")
            return number < 0 ? try negated(value) : .integer(number)
        default:
            guard let number = asNumber(value) else { throw error(.type, "\(kindName(of: value)) cannot be rounded") }
            let digits = min(max(try integer(arguments.value(0, "precision") ?? .integer(0), "the precision"), 0), 15)
            var scale = 1.0
            for _ in 0..<digits { scale *= 10 }
            let scaled = number * scale
            return .number(scaled.isFinite ? scaled.rounded(.toNearestOrEven) / scale : number)
        }
    }

    // MARK: Text

    private mutating func textFilter(
        _ text: TemplateText, _ name: String, _ arguments: Arguments
    ) throws(ChatTemplateError) -> TemplateText {
        switch name {
        case "trim": return text.stripped(.both, of: try strippedSet(arguments))
        case "upper": return text.uppercased
        case "lower": return text.lowercased
        case "capitalize": return text.capitalized
        case "title": return text.titlecased { $0.isTemplateSpace || "-({[<".unicodeScalars.contains($0) }
        case "replace":
            let old = try self.text(of: arguments.value(0, "old") ?? Value.none)
            let new = try self.text(of: arguments.value(1, "new") ?? Value.none)
            let limit = arguments.value(2, "count").map { $0 == Value.none ? .integer(-1) : $0 } ?? .integer(-1)
            let count = try integer(limit, "the count")
            return try replace(old, with: new, in: text, limit: count < 0 ? .max : count)
        case "indent": return try indented(text, arguments)
        case "e", "escape":
            var escaped = text
            let replacements = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&#34;"), ("'", "&#39;")]
            for (character, entity) in replacements {
                escaped = try replace(
                    Array(character.unicodeScalars), with: Array(entity.unicodeScalars), in: escaped, limit: .max)
            }
            return escaped
        default: return text
        }
    }

    private mutating func indented(
        _ text: TemplateText, _ arguments: Arguments
    ) throws(ChatTemplateError) -> TemplateText {
        var indent: TemplateText
        switch arguments.value(0, "width") ?? .integer(4) {
        case .string(let given): indent = given
        case let width:
            let count = min(max(0, try integer(width, "the width")), 1000)
            indent = Array(repeating: " ", count: count)
        }
        let first = isTrue(arguments.value(1, "first") ?? .boolean(false))
        let blank = isTrue(arguments.value(2, "blank") ?? .boolean(false))
        let lines = (text + ["\n"]).lines
        let (added, overflow) = lines.count.multipliedReportingOverflow(by: indent.count + 1)
        try spend(overflow ? .max : added)
        var result: TemplateText = first ? indent : []
        for (index, line) in lines.enumerated() {
            if index > 0 {
                result.append("\n")
                if blank || !line.isEmpty { result += indent }
            }
            result += line
        }
        return result
    }
}

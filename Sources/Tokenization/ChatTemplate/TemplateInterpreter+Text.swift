/// Values as text: Python's `str`, `repr` and `json.dumps`.
extension TemplateInterpreter {
    /// `value` as it prints.
    mutating func text(of value: Value) throws(ChatTemplateError) -> TemplateText {
        switch value {
        case .string(let text): return text
        case .undefined:
            try refuseUndefined(value)
            return []
        default:
            var text: TemplateText = []
            try appendRepresentation(of: value, to: &text, depth: 0)
            return text
        }
    }

    private mutating func append(_ piece: String, to text: inout TemplateText) throws(ChatTemplateError) {
        try spend(piece.utf8.count)
        text += piece.unicodeScalars
    }

    private mutating func appendRepresentation(
        of value: Value, to text: inout TemplateText, depth: Int
    ) throws(ChatTemplateError) {
        guard depth <= TemplateLimits.depth else { throw error(.limit, "a value is nested too deep to be printed") }
        switch value {
        case .undefined: try append("Undefined", to: &text)
        case .none: try append("None", to: &text)
        case .boolean(let value): try append(value ? "True" : "False", to: &text)
        case .integer(let value): try append(String(value), to: &text)
        case .number(let value): try append(value.description, to: &text)
        case .string(let content): try appendQuoted(content, to: &text)
        case .list(let id), .tuple(let id):
            let isTuple = if case .tuple = value { true } else { false }
            try append(isTuple ? "(" : "[", to: &text)
            for (index, item) in lists[id].enumerated() {
                if index > 0 { try append(", ", to: &text) }
                try appendRepresentation(of: item, to: &text, depth: depth + 1)
            }
            if isTuple && lists[id].count == 1 { try append(",", to: &text) }
            try append(isTuple ? ")" : "]", to: &text)
        case .mapping(let id):
            try append("{", to: &text)
            for (index, entry) in mappings[id].entries.enumerated() {
                if index > 0 { try append(", ", to: &text) }
                try appendRepresentation(of: entry.key, to: &text, depth: depth + 1)
                try append(": ", to: &text)
                try appendRepresentation(of: entry.value, to: &text, depth: depth + 1)
            }
            try append("}", to: &text)
        case .namespace, .loop, .macro, .function:
            throw error(.type, "\(kindName(of: value)) cannot be printed")
        }
    }

    /// A string in Python's quotes.
    private mutating func appendQuoted(_ content: TemplateText, to text: inout TemplateText) throws(ChatTemplateError) {
        try spend(2 * content.count)
        let quote: Unicode.Scalar = content.contains("'") && !content.contains("\"") ? "\"" : "'"
        text.append(quote)
        for scalar in content {
            switch scalar {
            case "\n": text += ["\\", "n"]
            case "\r": text += ["\\", "r"]
            case "\t": text += ["\\", "t"]
            case "\\": text += ["\\", "\\"]
            case quote: text += ["\\", quote]
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                text += ("\\x" + (digits.utf8.count == 1 ? "0" : "") + digits).unicodeScalars
            default: text.append(scalar)
            }
        }
        text.append(quote)
    }

    // MARK: JSON

    struct JSONFormat {
        /// What one level of nesting is indented by; all on one line if nil.
        var indent: TemplateText?
        var itemSeparator: TemplateText = [",", " "]
        var keySeparator: TemplateText = [":", " "]
        var escapesNonASCII = false
        var sortsKeys = false
    }

    mutating func appendJSON(
        of value: Value, _ format: JSONFormat, to text: inout TemplateText, depth: Int = 0
    ) throws(ChatTemplateError) {
        guard depth <= TemplateLimits.depth else { throw error(.limit, "a value is nested too deep for JSON") }
        switch value {
        case .none: try append("null", to: &text)
        case .boolean(let value): try append(value ? "true" : "false", to: &text)
        case .integer(let value): try append(String(value), to: &text)
        case .number(let value):
            try append(
                value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-" : "") + "Infinity" : "\(value)", to: &text)
        case .string(let content): try appendJSONString(content, format, to: &text)
        case .list(let id), .tuple(let id):
            try appendJSONItems(lists[id].map { (nil, $0) }, brackets: ("[", "]"), format, to: &text, depth)
        case .mapping(let id), .namespace(let id):
            var entries: [(key: TemplateText?, value: Value)] = []
            for (key, value) in mappings[id].entries { entries.append((try jsonKey(key), value)) }
            if format.sortsKeys {
                try spend(16 * entries.count)
                entries.sort { ($0.key ?? []).lexicographicallyPrecedes($1.key ?? []) }
            }
            try appendJSONItems(entries, brackets: ("{", "}"), format, to: &text, depth)
        case .undefined(let name): throw error(.undefined, "'\(name)' is undefined and has no form in JSON")
        case .loop, .macro, .function: throw error(.type, "\(kindName(of: value)) has no form in JSON")
        }
    }

    private mutating func jsonKey(_ key: Value) throws(ChatTemplateError) -> TemplateText {
        if case .string(let text) = key { return text }
        var text: TemplateText = []
        try appendJSON(of: key, JSONFormat(), to: &text)
        return text
    }

    private mutating func appendJSONItems(
        _ items: [(key: TemplateText?, value: Value)], brackets: (Unicode.Scalar, Unicode.Scalar), _ format: JSONFormat,
        to text: inout TemplateText, _ depth: Int
    ) throws(ChatTemplateError) {
        try spend(2 + items.count)
        text.append(brackets.0)
        for (index, item) in items.enumerated() {
            if index > 0 {
                try spend(format.itemSeparator.count)
                text += format.itemSeparator
            }
            try appendJSONLineBreak(format, to: &text, depth + 1)
            if let key = item.key {
                try appendJSONString(key, format, to: &text)
                try spend(format.keySeparator.count)
                text += format.keySeparator
            }
            try appendJSON(of: item.value, format, to: &text, depth: depth + 1)
        }
        if !items.isEmpty { try appendJSONLineBreak(format, to: &text, depth) }
        text.append(brackets.1)
    }

    private mutating func appendJSONLineBreak(
        _ format: JSONFormat, to text: inout TemplateText, _ depth: Int
    ) throws(ChatTemplateError) {
        guard let indent = format.indent else { return }
        try spend(1 + indent.count * depth)
        text.append("\n")
        for _ in 0..<depth { text += indent }
    }

    private mutating func appendJSONString(
        _ content: TemplateText, _ format: JSONFormat, to text: inout TemplateText
    ) throws(ChatTemplateError) {
        try spend(2 * content.count)
        text.append("\"")
        for scalar in content {
            switch scalar {
            case "\"": text += ["\\", "\""]
            case "\\": text += ["\\", "\\"]
            case "\n": text += ["\\", "n"]
            case "\r": text += ["\\", "r"]
            case "\t": text += ["\\", "t"]
            case "\u{08}": text += ["\\", "b"]
            case "\u{0C}": text += ["\\", "f"]
            case _ where scalar.value < 0x20 || format.escapesNonASCII && scalar.value > 0x7E:
                for unit in String(template: [scalar]).utf16 {
                    let digits = String(unit, radix: 16)
                    text += ("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits).unicodeScalars
                }
            default: text.append(scalar)
            }
        }
        text.append("\"")
    }
}

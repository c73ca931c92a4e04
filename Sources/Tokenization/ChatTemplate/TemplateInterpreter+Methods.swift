/// Methods of strings, lists and mappings, as in Python.
extension TemplateInterpreter {
    mutating func callMethod(
        _ name: String, of value: Value, _ arguments: Arguments
    ) throws(ChatTemplateError) -> Value {
        switch value {
        case .undefined(let what): throw error(.undefined, "'\(what)' is undefined, so it has no '\(name)'")
        case .string(let text): return try stringMethod(name, text, arguments)
        case .list(let id), .tuple(let id): return try listMethod(name, id, value, arguments)
        case .mapping(let id):
            if let result = try mappingMethod(name, id, arguments) { return result }
        case .loop(let id) where name == "cycle":
            guard !arguments.positional.isEmpty else { throw error(.type, "'cycle' needs something to choose from") }
            return arguments.positional[loops[id].index % arguments.positional.count]
        default: break
        }
        let member = try attribute(name, of: value)
        if case .undefined = member { throw error(.type, "\(kindName(of: value)) has no method '\(name)'") }
        return try call(member, arguments)
    }

    /// An argument that must be a string.
    func textArgument(_ arguments: Arguments, _ index: Int, _ name: String, of what: String)
        throws(ChatTemplateError) -> TemplateText
    {
        guard case .string(let text)? = arguments.value(index, name) else {
            throw error(.type, "'\(what)' needs a string")
        }
        return text
    }

    private func limit(_ arguments: Arguments, _ index: Int, _ name: String) throws(ChatTemplateError) -> Int {
        guard let value = arguments.value(index, name) else { return .max }
        let limit = try integer(value, "the limit '\(name)'")
        return limit < 0 ? .max : limit
    }

    private mutating func stringMethod(
        _ name: String, _ text: TemplateText, _ arguments: Arguments
    ) throws(ChatTemplateError) -> Value {
        try spend(text.count)
        switch name {
        case "strip", "lstrip", "rstrip":
            let ends: TemplateText.Ends = name == "strip" ? .both : name == "lstrip" ? .leading : .trailing
            return try string(text.stripped(ends, of: try strippedSet(arguments)))
        case "startswith", "endswith":
            for part in try alternatives(arguments, of: name) {
                try spend(part.count)
                if name == "startswith" ? text.starts(with: part) : text.reversed().starts(with: part.reversed()) {
                    return .boolean(true)
                }
            }
            return .boolean(false)
        case "removeprefix":
            let part = try textArgument(arguments, 0, "", of: name)
            return try string(text.starts(with: part) ? Array(text.dropFirst(part.count)) : text)
        case "removesuffix":
            let part = try textArgument(arguments, 0, "", of: name)
            return try string(text.reversed().starts(with: part.reversed()) ? Array(text.dropLast(part.count)) : text)
        case "split":
            let limit = try limit(arguments, 1, "maxsplit")
            let separator = arguments.value(0, "sep") ?? Value.none
            if case .none = separator { return try list(strings: text.splitAtSpace(limit: limit)) }
            let at = try textArgument(arguments, 0, "sep", of: name)
            return try list(strings: try split(text, at: at, limit: limit))
        case "rsplit":
            let limit = try limit(arguments, 1, "maxsplit")
            let at = try textArgument(arguments, 0, "sep", of: name)
            let pieces = try split(Array(text.reversed()), at: at.reversed(), limit: limit)
            return try list(strings: pieces.reversed().map { Array($0.reversed()) })
        case "splitlines": return try list(strings: text.lines)
        case "upper": return try string(text.uppercased)
        case "lower": return try string(text.lowercased)
        case "capitalize": return try string(text.capitalized)
        case "title": return try string(text.titlecased { !$0.properties.isAlphabetic })
        case "replace":
            let (old, new) = (
                try textArgument(arguments, 0, "old", of: name), try textArgument(arguments, 1, "new", of: name)
            )
            let limit = try limit(arguments, 2, "count")
            return try string(try replace(old, with: new, in: text, limit: limit))
        case "join":
            return try string(try joined(try items(of: arguments.value(0) ?? Value.none), by: text, strict: true))
        case "find": return .integer(try find(try textArgument(arguments, 0, "", of: name), in: text, from: 0) ?? -1)
        case "count":
            let part = try textArgument(arguments, 0, "", of: name)
            guard !part.isEmpty else { return .integer(text.count + 1) }
            return .integer(try find(part, in: text, from: 0, limit: .max).count)
        case "isdigit": return .boolean(!text.isEmpty && text.allSatisfy { $0.properties.numericType != nil })
        case "isspace": return .boolean(!text.isEmpty && text.allSatisfy(\.isTemplateSpace))
        default: throw error(.unsupported, "the string method '\(name)' is not supported")
        }
    }

    /// The scalars that 'strip' and its kin take away, if not white space.
    mutating func strippedSet(_ arguments: Arguments) throws(ChatTemplateError) -> Set<Unicode.Scalar>? {
        guard let chars = arguments.value(0, "chars"), chars != Value.none else { return nil }
        let text = try textArgument(arguments, 0, "chars", of: "strip")
        try spend(8 * text.count)
        return Set(text)
    }

    /// The string, or the tuple of strings, that 'startswith' and 'endswith' take.
    private func alternatives(_ arguments: Arguments, of name: String) throws(ChatTemplateError) -> [TemplateText] {
        guard case .tuple(let id)? = arguments.value(0) else { return [try textArgument(arguments, 0, "", of: name)] }
        return lists[id].compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    mutating func list(strings: [TemplateText]) throws(ChatTemplateError) -> Value {
        try list(strings.map { .string($0) })
    }

    mutating func joined(
        _ items: [Value], by separator: TemplateText, strict: Bool = false
    ) throws(ChatTemplateError) -> TemplateText {
        var result: TemplateText = []
        for (index, item) in items.enumerated() {
            if strict {
                guard case .string = item else { throw error(.type, "\(kindName(of: item)) cannot be joined") }
            }
            let text = try text(of: item)
            try spend(text.count + separator.count)
            if index > 0 { result += separator }
            result += text
        }
        return result
    }

    private mutating func listMethod(
        _ name: String, _ id: Int, _ value: Value, _ arguments: Arguments
    ) throws(ChatTemplateError) -> Value {
        switch (name, value) {
        case ("append", .list):
            guard let item = arguments.value(0) else { throw error(.type, "'append' needs a value") }
            try spend(4)
            lists[id].append(item)
            return .none
        case ("extend", .list):
            let items = try items(of: arguments.value(0) ?? Value.none)
            try spend(4 * items.count)
            lists[id] += items
            return .none
        case ("index", _), ("count", _):
            guard let wanted = arguments.value(0) else { throw error(.type, "'\(name)' needs a value") }
            var count = 0
            for (index, item) in lists[id].enumerated() where try isEqual(item, wanted) {
                if name == "index" { return .integer(index) }
                count += 1
            }
            guard name == "count" else { throw error(.type, "the value is not in the list") }
            return .integer(count)
        default: throw error(.unsupported, "\(kindName(of: value)) has no supported method '\(name)'")
        }
    }

    /// Nil if mappings have no such method.
    private mutating func mappingMethod(
        _ name: String, _ id: Int, _ arguments: Arguments
    ) throws(ChatTemplateError) -> Value? {
        let entries = mappings[id].entries
        switch name {
        case "items":
            var items: [Value] = []
            for (key, value) in entries { items.append(try tuple([key, value])) }
            return try list(items)
        case "keys": return try list(entries.map(\.key))
        case "values": return try list(entries.map(\.value))
        case "get":
            guard let wanted = arguments.value(0, "key") else { throw error(.type, "'get' needs a key") }
            let key = try self.key(wanted)
            if case .string(let text) = key { try spend(text.count) }
            return mappings[id][key] ?? arguments.value(1, "default") ?? Value.none
        default: return nil
        }
    }
}

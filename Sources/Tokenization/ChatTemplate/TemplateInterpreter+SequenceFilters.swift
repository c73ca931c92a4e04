/// Filters that take a sequence.
extension TemplateInterpreter {
    mutating func sequenceFilter(
        _ value: Value, _ name: String, _ arguments: Arguments
    ) throws(ChatTemplateError) -> Value {
        switch name {
        case "list": return try list(try items(of: value))
        case "first": return try items(of: value).first ?? .undefined("the first element of nothing")
        case "last": return try items(of: value).last ?? .undefined("the last element of nothing")
        case "reverse":
            if case .string(let text) = value { return try string(text.reversed()) }
            return try list(try items(of: value).reversed())
        case "join":
            let separator = try text(of: arguments.value(0, "d") ?? .string([]))
            var items = try items(of: value)
            if let path = arguments.value(1, "attribute"), path != Value.none {
                items = try attributes(path, of: items)
            }
            return try string(try joined(items, by: separator))
        case "map": return try list(try mapped(try items(of: value), arguments))
        case "select", "reject", "selectattr", "rejectattr": return try selected(value, name, arguments)
        case "unique": return try unique(value, arguments)
        case "sort": return try sorted(value, arguments)
        case "min", "max":
            let items = try items(of: value)
            guard var best = items.first else { return .undefined("the \(name) of nothing") }
            for item in items.dropFirst() {
                let isBetter = name == "min" ? try isLess(item, best) : try isLess(best, item)
                if isBetter { best = item }
            }
            return best
        case "sum":
            var sum = arguments.value(1, "start") ?? .integer(0)
            for item in try attributes(arguments.value(0, "attribute") ?? Value.none, of: try items(of: value)) {
                sum = try arithmetic(sum, .add, item)
            }
            return sum
        default: throw error(.unsupported, "the filter '\(name)' is not supported")
        }
    }

    /// The attribute of each item at a path such as `function.name`; the items themselves if the path is none.
    private mutating func attributes(_ path: Value, of items: [Value]) throws(ChatTemplateError) -> [Value] {
        let steps: [Value]
        switch path {
        case .none: return items
        case .string(let text):
            steps = try split(text, at: ["."], limit: .max).map { piece in
                Int(String(template: piece)).map { .integer($0) } ?? .string(piece)
            }
        default: steps = [path]
        }
        var result: [Value] = []
        for item in items {
            var value = item
            for step in steps {
                try self.step()
                value = try element(step, of: value)
            }
            result.append(value)
        }
        return result
    }

    private mutating func mapped(_ items: [Value], _ arguments: Arguments) throws(ChatTemplateError) -> [Value] {
        if let path = arguments.named.first(where: { $0.name == "attribute" })?.value {
            let initial = arguments.named.first { $0.name == "default" }?.value
            return try attributes(path, of: items).map { value in
                if case .undefined = value { initial ?? value } else { value }
            }
        }
        let name = String(template: try textArgument(arguments, 0, "", of: "map"))
        let rest = Arguments(positional: Array(arguments.positional.dropFirst()), named: arguments.named)
        var result: [Value] = []
        for item in items {
            try step()
            result.append(try filter(item, name, rest))
        }
        return result
    }

    private mutating func selected(
        _ value: Value, _ name: String, _ arguments: Arguments
    ) throws(ChatTemplateError) -> Value {
        var rest = arguments.positional[...]
        let items = try items(of: value)
        var subjects = items
        if name.hasSuffix("attr") {
            guard let path = rest.popFirst() else { throw error(.type, "'\(name)' needs an attribute") }
            subjects = try attributes(path, of: items)
        }
        var testName: String?
        if let given = rest.popFirst() {
            guard case .string(let text) = given else { throw error(.type, "'\(name)' needs the name of a test") }
            testName = String(template: text)
        }
        let isRejecting = name.hasPrefix("reject")
        var kept: [Value] = []
        for (item, subject) in zip(items, subjects) {
            try step()
            let holds =
                if let testName { try test(subject, testName, Arguments(positional: Array(rest))) } else {
                    isTrue(subject)
                }
            if holds != isRejecting { kept.append(item) }
        }
        return try list(kept)
    }

    /// What to compare instead of `value`: strings without regard to case, unless asked for.
    private mutating func sortKey(_ value: Value, isCaseSensitive: Bool) throws(ChatTemplateError) -> Value {
        guard case .string(let text) = value, !isCaseSensitive else { return value }
        return try string(text.lowercased)
    }

    private mutating func unique(_ value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        let isCaseSensitive = isTrue(arguments.value(0, "case_sensitive") ?? .boolean(false))
        let items = try items(of: value)
        var seen: Set<Value> = []
        var kept: [Value] = []
        for (item, subject) in zip(items, try attributes(arguments.value(1, "attribute") ?? Value.none, of: items)) {
            let key = try key(try sortKey(subject, isCaseSensitive: isCaseSensitive))
            if seen.insert(key).inserted { kept.append(item) }
        }
        return try list(kept)
    }

    private mutating func sorted(_ value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        let isReversed = isTrue(arguments.value(0, "reverse") ?? .boolean(false))
        let isCaseSensitive = isTrue(arguments.value(1, "case_sensitive") ?? .boolean(false))
        let items = try items(of: value)
        var keys: [Value] = []
        for subject in try attributes(arguments.value(2, "attribute") ?? Value.none, of: items) {
            keys.append(try sortKey(subject, isCaseSensitive: isCaseSensitive))
        }
        let order = try stableOrder(keys, isReversed: isReversed)
        return try list(order.map { items[$0] })
    }

    /// The indices of `keys` in ascending order, or descending, equal ones as they were.
    private mutating func stableOrder(_ keys: [Value], isReversed: Bool) throws(ChatTemplateError) -> [Int] {
        var failure: ChatTemplateError?
        let order = keys.indices.sorted { left, right in
            guard failure == nil else { return left < right }
            do throws(ChatTemplateError) {
                let (first, second) = isReversed ? (keys[right], keys[left]) : (keys[left], keys[right])
                if try isLess(first, second) { return true }
                if try isLess(second, first) { return false }
            } catch {
                failure = error
            }
            return left < right
        }
        if let failure { throw failure }
        return order
    }

    mutating func sortedMapping(_ value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        guard case .mapping(let id) = value else { throw error(.type, "'dictsort' needs a mapping") }
        let isCaseSensitive = isTrue(arguments.value(0, "case_sensitive") ?? .boolean(false))
        let byValue = arguments.value(1, "by") == .string(Array("value".unicodeScalars))
        let isReversed = isTrue(arguments.value(2, "reverse") ?? .boolean(false))
        let entries = mappings[id].entries
        var keys: [Value] = []
        for entry in entries {
            keys.append(try sortKey(byValue ? entry.value : entry.key, isCaseSensitive: isCaseSensitive))
        }
        var pairs: [Value] = []
        for index in try stableOrder(keys, isReversed: isReversed) {
            pairs.append(try tuple([entries[index].key, entries[index].value]))
        }
        return try list(pairs)
    }
}

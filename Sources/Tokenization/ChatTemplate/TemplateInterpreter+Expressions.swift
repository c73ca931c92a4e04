extension TemplateInterpreter {
    /// Arguments of a call, evaluated.
    struct Arguments {
        var positional: [Value] = []
        var named: [(name: String, value: Value)] = []

        /// The argument at `index`, or of that name.
        func value(_ index: Int, _ name: String = "") -> Value? {
            index < positional.count ? positional[index] : named.first { $0.name == name }?.value
        }
    }

    mutating func evaluate(_ expression: TemplateExpression) throws(ChatTemplateError) -> Value {
        switch expression {
        case .literal(let literal): return try evaluate(literal)
        case .name(let name):
            try step()
            return lookUp(name)
        default: break
        }
        try enter()
        defer { leave() }
        switch expression {
        case .literal, .name: return .none
        case .list(let items): return try list(try evaluate(items))
        case .tuple(let items): return try tuple(try evaluate(items))
        case .mapping(let entries): return try evaluateMapping(entries)
        case .postfix(let base, let postfixes):
            var value = try evaluate(base)
            for postfix in postfixes { value = try apply(postfix, to: value) }
            return value
        case .not(let operand): return .boolean(!isTrue(try evaluate(operand)))
        case .negative(let operand): return try negated(try evaluate(operand))
        case .positive(let operand): return try arithmetic(.integer(0), .add, try evaluate(operand))
        case .arithmetic(let first, let rest): return try evaluateChain(first, rest)
        case .comparison(let first, let rest): return try evaluateComparison(first, rest)
        case .and(let operands): return try evaluateLogical(operands, endsAt: false)
        case .or(let operands): return try evaluateLogical(operands, endsAt: true)
        case .conditional(let value, let condition, let otherwise):
            if isTrue(try evaluate(condition)) { return try evaluate(value) }
            guard let otherwise else { return .undefined("if without else") }
            return try evaluate(otherwise)
        }
    }

    private mutating func evaluate(_ literal: TemplateExpression.Literal) throws(ChatTemplateError) -> Value {
        try step()
        switch literal {
        case .none: return .none
        case .boolean(let value): return .boolean(value)
        case .integer(let value): return .integer(value)
        case .number(let value): return .number(value)
        case .string(let text): return .string(text)
        }
    }

    private mutating func evaluate(_ expressions: [TemplateExpression]) throws(ChatTemplateError) -> [Value] {
        var values: [Value] = []
        for expression in expressions { values.append(try evaluate(expression)) }
        return values
    }

    private mutating func evaluateMapping(
        _ entries: [(key: TemplateExpression, value: TemplateExpression)]
    ) throws(ChatTemplateError) -> Value {
        var mapping = TemplateMapping()
        for (key, value) in entries { mapping.set(try evaluate(value), for: try self.key(try evaluate(key))) }
        return try self.mapping(mapping)
    }

    private mutating func evaluateLogical(
        _ operands: [TemplateExpression], endsAt end: Bool
    ) throws(ChatTemplateError) -> Value {
        var value = Value.none
        for operand in operands {
            value = try evaluate(operand)
            if isTrue(value) == end { break }
        }
        return value
    }

    private mutating func evaluateChain(
        _ first: TemplateExpression, _ rest: [(TemplateExpression.Arithmetic, TemplateExpression)]
    ) throws(ChatTemplateError) -> Value {
        var value = try evaluate(first)
        for (operation, operand) in rest { value = try arithmetic(value, operation, try evaluate(operand)) }
        return value
    }

    /// `a < b < c` means that both hold.
    private mutating func evaluateComparison(
        _ first: TemplateExpression, _ rest: [(TemplateExpression.Comparison, TemplateExpression)]
    ) throws(ChatTemplateError) -> Value {
        var left = try evaluate(first)
        for (comparison, operand) in rest {
            let right = try evaluate(operand)
            guard try compare(left, comparison, right) else { return .boolean(false) }
            left = right
        }
        return .boolean(true)
    }

    mutating func evaluate(_ arguments: TemplateExpression.Arguments) throws(ChatTemplateError) -> Arguments {
        var result = Arguments(positional: try evaluate(arguments.positional))
        for (name, value) in arguments.named { result.named.append((name, try evaluate(value))) }
        return result
    }

    mutating func apply(_ postfix: TemplateExpression.Postfix, to value: Value) throws(ChatTemplateError) -> Value {
        try step()
        switch postfix {
        case .attribute(let name): return try attribute(name, of: value)
        case .subscripted(let index): return try element(try evaluate(index), of: value)
        case .slice(let start, let end, let stride):
            return try slice(value, try evaluateBound(start), try evaluateBound(end), try evaluateBound(stride))
        case .call(let arguments): return try call(value, try evaluate(arguments))
        case .method(let name, let arguments): return try callMethod(name, of: value, try evaluate(arguments))
        case .filter(let name, let arguments): return try filter(value, name, try evaluate(arguments))
        case .test(let name, let arguments, let isNegated):
            return .boolean(try test(value, name, try evaluate(arguments)) != isNegated)
        }
    }

    /// A bound of a slice, where none means none.
    private mutating func evaluateBound(_ expression: TemplateExpression?) throws(ChatTemplateError) -> Int? {
        guard let expression else { return nil }
        let value = try evaluate(expression)
        if case .none = value { return nil }
        return try integer(value, "a bound of a slice")
    }

    // MARK: Parts of values

    mutating func attribute(_ name: String, of value: Value) throws(ChatTemplateError) -> Value {
        switch value {
        case .undefined(let what): throw error(.undefined, "'\(what)' is undefined, so it has no '\(name)'")
        case .mapping(let id), .namespace(let id):
            return mappings[id][.string(Array(name.unicodeScalars))] ?? .undefined(name)
        case .loop(let id): return loopAttribute(name, loops[id])
        default: return .undefined(name)
        }
    }

    mutating func element(_ index: Value, of value: Value) throws(ChatTemplateError) -> Value {
        switch (value, index) {
        case (.undefined(let what), _): throw error(.undefined, "'\(what)' is undefined, so it has no elements")
        case (.mapping(let id), _):
            guard let key = try? self.key(index) else { return .undefined("element") }
            if case .string(let text) = key { try spend(text.count) }
            if let found = mappings[id][key] { return found }
            return .undefined(try describe(index))
        case (.list(let id), .integer(let index)), (.tuple(let id), .integer(let index)):
            let place = index < 0 ? lists[id].count + index : index
            return lists[id].indices.contains(place) ? lists[id][place] : .undefined("element \(index)")
        case (.string(let text), .integer(let index)):
            let place = index < 0 ? text.count + index : index
            return text.indices.contains(place) ? .string([text[place]]) : .undefined("element \(index)")
        case (.namespace, .string(let name)), (.loop, .string(let name)):
            return try attribute(String(template: name), of: value)
        default: return .undefined(try describe(index))
        }
    }

    private mutating func describe(_ index: Value) throws(ChatTemplateError) -> String {
        String(template: try text(of: index).prefix(60))
    }

    private func loopAttribute(_ name: String, _ loop: LoopState) -> Value {
        let count = loop.items.count
        switch name {
        case "index": return .integer(loop.index + 1)
        case "index0": return .integer(loop.index)
        case "revindex": return .integer(count - loop.index)
        case "revindex0": return .integer(count - loop.index - 1)
        case "first": return .boolean(loop.index == 0)
        case "last": return .boolean(loop.index == count - 1)
        case "length": return .integer(count)
        // Only recursive loops go deeper.
        case "depth": return .integer(1)
        case "depth0": return .integer(0)
        case "previtem": return loop.index > 0 ? loop.items[loop.index - 1] : .undefined("loop.previtem")
        case "nextitem": return loop.index + 1 < count ? loop.items[loop.index + 1] : .undefined("loop.nextitem")
        default: return .undefined("loop.\(name)")
        }
    }

    private mutating func slice(
        _ value: Value, _ start: Int?, _ end: Int?, _ stride: Int?
    ) throws(ChatTemplateError) -> Value {
        switch value {
        case .string(let text):
            return try string(try indices(text.count, start, end, stride).map { text[$0] })
        case .list(let id):
            let items = lists[id]
            return try list(try indices(items.count, start, end, stride).map { items[$0] })
        case .tuple(let id):
            let items = lists[id]
            return try tuple(try indices(items.count, start, end, stride).map { items[$0] })
        case .undefined(let what): throw error(.undefined, "'\(what)' is undefined, so it has no elements")
        default: throw error(.type, "\(kindName(of: value)) cannot be sliced")
        }
    }

    /// The indices that a slice of a sequence of `count` elements takes, as in Python.
    private mutating func indices(
        _ count: Int, _ start: Int?, _ end: Int?, _ stride: Int?
    ) throws(ChatTemplateError) -> [Int] {
        try spend(count)
        let step = max(min(stride ?? 1, count + 1), -count - 1)
        guard step != 0 else { throw error(.type, "the step of a slice is zero") }
        func place(_ bound: Int, _ low: Int, _ high: Int) -> Int {
            let index = bound < 0 ? count + max(bound, -count - 1) : bound
            return min(max(index, low), high)
        }
        if step > 0 {
            let from = place(start ?? 0, 0, count)
            let to = place(end ?? count, 0, count)
            return Array(Swift.stride(from: from, to: to, by: step))
        }
        let from = start.map { place($0, -1, count - 1) } ?? count - 1
        let to = end.map { place($0, -1, count - 1) } ?? -1
        return Array(Swift.stride(from: from, to: to, by: step))
    }
}

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension TemplateInterpreter {
    // MARK: Kinds

    func kindName(of value: Value) -> String {
        switch value {
        case .undefined(let name): "'\(name)', which is undefined,"
        case .none: "none"
        case .boolean: "a boolean"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .list: "a list"
        case .tuple: "a tuple"
        case .mapping: "a mapping"
        case .namespace: "a namespace"
        case .loop: "a loop"
        case .macro, .function: "a function"
        }
    }

    /// Mutating only so that `isTrue(try evaluate(…))` reads the lists after the evaluation, which may add to them: a
    /// method that does not mutate would read a copy of `self` made before its arguments are evaluated.
    mutating func isTrue(_ value: Value) -> Bool {
        switch value {
        case .undefined, .none: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let id), .tuple(let id): !lists[id].isEmpty
        case .mapping(let id): !mappings[id].entries.isEmpty
        case .namespace, .loop, .macro, .function: true
        }
    }

    /// `value` as an integer; booleans are integers, as in Python.
    func integer(_ value: Value, _ what: String) throws(ChatTemplateError) -> Int {
        switch value {
        case .integer(let value): return value
        case .boolean(let value): return value ? 1 : 0
        default: throw error(.type, "\(what) must be an integer, not \(kindName(of: value))")
        }
    }

    private func asInteger(_ value: Value) -> Int? {
        switch value {
        case .integer(let value): value
        case .boolean(let value): value ? 1 : 0
        default: nil
        }
    }

    func asNumber(_ value: Value) -> Double? {
        if case .number(let value) = value { return value }
        return asInteger(value).map { Double($0) }
    }

    /// `value` as the key of a mapping, where numbers that are equal are one key.
    func key(_ value: Value) throws(ChatTemplateError) -> Value {
        switch value {
        case .string, .none: return value
        case .boolean, .integer: return .integer(asInteger(value) ?? 0)
        case .number(let number): return Int(exactly: number).map { .integer($0) } ?? value
        case .undefined(let name): throw error(.undefined, "'\(name)' is undefined and cannot be a key")
        default: throw error(.type, "\(kindName(of: value)) cannot be a key")
        }
    }

    // MARK: Arithmetic

    func negated(_ value: Value) throws(ChatTemplateError) -> Value {
        if case .number(let number) = value { return .number(-number) }
        let (result, overflow) = (0).subtractingReportingOverflow(try integer(value, "the operand of '-'"))
        guard !overflow else { throw error(.type, "an integer is too large") }
        return .integer(result)
    }

    mutating func arithmetic(
        _ left: Value, _ operation: TemplateExpression.Arithmetic, _ right: Value
    ) throws(ChatTemplateError) -> Value {
        if operation == .concatenate { return try string(try text(of: left) + (try text(of: right))) }
        if case .undefined(let name) = left { throw error(.undefined, "'\(name)' is undefined") }
        if case .undefined(let name) = right { throw error(.undefined, "'\(name)' is undefined") }
        if let left = asInteger(left), let right = asInteger(right) { return try integers(left, operation, right) }
        if let left = asNumber(left), let right = asNumber(right) { return try numbers(left, operation, right) }
        switch (left, operation, right) {
        case (.string(let left), .add, .string(let right)):
            try spend(left.count)
            return try string(left + right)
        case (.list(let left), .add, .list(let right)): return try list(lists[left] + lists[right])
        case (.tuple(let left), .add, .tuple(let right)): return try tuple(lists[left] + lists[right])
        case (.string(let text), .multiply, .integer(let count)), (.integer(let count), .multiply, .string(let text)):
            return try string(try repeated(text, count))
        case (.list(let id), .multiply, .integer(let count)), (.integer(let count), .multiply, .list(let id)):
            return try list(try repeated(lists[id], count))
        case (.string, .remainder, _):
            throw error(.unsupported, "formatting a string with '%' is not supported")
        default:
            throw error(
                .type, "'\(operation.rawValue)' does not fit \(kindName(of: left)) and \(kindName(of: right))")
        }
    }

    private mutating func repeated<Element>(
        _ items: [Element], _ count: Int
    ) throws(ChatTemplateError) -> [Element] {
        let (total, overflow) = items.count.multipliedReportingOverflow(by: max(0, count))
        try spend(overflow ? Int.max : total)
        guard total > 0 else { return [] }
        var result: [Element] = []
        result.reserveCapacity(total)
        for _ in 0..<count { result += items }
        return result
    }

    private func integers(
        _ left: Int, _ operation: TemplateExpression.Arithmetic, _ right: Int
    ) throws(ChatTemplateError) -> Value {
        var result: (partialValue: Int, overflow: Bool)
        switch operation {
        case .add: result = left.addingReportingOverflow(right)
        case .subtract: result = left.subtractingReportingOverflow(right)
        case .multiply: result = left.multipliedReportingOverflow(by: right)
        case .divide, .concatenate: return try numbers(Double(left), operation, Double(right))
        case .floorDivide, .remainder:
            guard right != 0 else { throw error(.type, "division by zero") }
            result = left.dividedReportingOverflow(by: right)
            let (remainder, _) = left.remainderReportingOverflow(dividingBy: right)
            // Towards minus infinity, as in Python.
            let isBelow = remainder != 0 && (remainder < 0) != (right < 0)
            if operation == .remainder { return .integer(isBelow ? remainder + right : remainder) }
            if isBelow { result.partialValue -= 1 }
        case .power:
            guard right >= 0 else { return .number(pow(Double(left), Double(right))) }
            result = (1, false)
            var base = left
            var exponent = right
            var baseOverflow = false
            while exponent > 0 && !result.overflow {
                if exponent & 1 == 1 {
                    result = result.partialValue.multipliedReportingOverflow(by: base)
                    result.overflow = result.overflow || baseOverflow
                }
                exponent >>= 1
                let square = base.multipliedReportingOverflow(by: base)
                baseOverflow = baseOverflow || square.overflow
                base = square.partialValue
            }
        }
        guard !result.overflow else { throw error(.type, "an integer is too large") }
        return .integer(result.partialValue)
    }

    private func numbers(
        _ left: Double, _ operation: TemplateExpression.Arithmetic, _ right: Double
    ) throws(ChatTemplateError) -> Value {
        switch operation {
        case .add: return .number(left + right)
        case .subtract: return .number(left - right)
        case .multiply: return .number(left * right)
        case .power: return .number(pow(left, right))
        case .divide, .floorDivide, .remainder, .concatenate:
            guard right != 0 else { throw error(.type, "division by zero") }
            if operation == .divide { return .number(left / right) }
            let quotient = (left / right).rounded(.down)
            return .number(operation == .floorDivide ? quotient : left - quotient * right)
        }
    }

    // MARK: Comparison

    mutating func compare(
        _ left: Value, _ comparison: TemplateExpression.Comparison, _ right: Value
    ) throws(ChatTemplateError) -> Bool {
        switch comparison {
        case .equal: return try isEqual(left, right)
        case .unequal: return try !isEqual(left, right)
        case .contained: return try contains(right, left)
        case .notContained: return try !contains(right, left)
        case .less: return try isLess(left, right)
        case .greater: return try isLess(right, left)
        case .lessOrEqual: return try isLess(left, right, orEqual: true)
        case .greaterOrEqual: return try isLess(right, left, orEqual: true)
        }
    }

    mutating func isEqual(_ left: Value, _ right: Value, depth: Int = 0) throws(ChatTemplateError) -> Bool {
        guard depth <= TemplateLimits.depth else { throw error(.limit, "a value is nested too deep to be compared") }
        try spend(1)
        try refuseUndefined(left)
        try refuseUndefined(right)
        if let left = asInteger(left), let right = asInteger(right) { return left == right }
        if let left = asNumber(left), let right = asNumber(right) { return left == right }
        switch (left, right) {
        case (.undefined, .undefined): return true
        case (.string(let left), .string(let right)):
            guard left.count == right.count else { return false }
            try spend(left.count)
            return left == right
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            guard left != right else { return true }
            guard lists[left].count == lists[right].count else { return false }
            for (left, right) in zip(lists[left], lists[right]) {
                guard try isEqual(left, right, depth: depth + 1) else { return false }
            }
            return true
        case (.mapping(let left), .mapping(let right)):
            guard left != right else { return true }
            guard mappings[left].entries.count == mappings[right].entries.count else { return false }
            for (key, value) in mappings[left].entries {
                if case .string(let text) = key { try spend(text.count) }
                guard let other = mappings[right][key], try isEqual(value, other, depth: depth + 1) else {
                    return false
                }
            }
            return true
        default: return left == right
        }
    }

    mutating func isLess(
        _ left: Value, _ right: Value, orEqual: Bool = false, depth: Int = 0
    ) throws(ChatTemplateError) -> Bool {
        guard depth <= TemplateLimits.depth else { throw error(.limit, "a value is nested too deep to be compared") }
        try spend(1)
        if let left = asInteger(left), let right = asInteger(right) { return orEqual ? left <= right : left < right }
        if let left = asNumber(left), let right = asNumber(right) { return orEqual ? left <= right : left < right }
        switch (left, right) {
        case (.string(let left), .string(let right)):
            try spend(min(left.count, right.count))
            return left.lexicographicallyPrecedes(right) || orEqual && left == right
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            for (left, right) in zip(lists[left], lists[right]) where try !isEqual(left, right, depth: depth + 1) {
                return try isLess(left, right, orEqual: orEqual, depth: depth + 1)
            }
            let counts = (lists[left].count, lists[right].count)
            return orEqual ? counts.0 <= counts.1 : counts.0 < counts.1
        case (.undefined(let name), _), (_, .undefined(let name)): throw error(.undefined, "'\(name)' is undefined")
        default: throw error(.type, "\(kindName(of: left)) and \(kindName(of: right)) have no order")
        }
    }

    mutating func contains(_ container: Value, _ value: Value) throws(ChatTemplateError) -> Bool {
        switch container {
        case .string(let text):
            guard case .string(let part) = value else {
                throw error(.type, "\(kindName(of: value)) cannot be part of a string")
            }
            return try find(part, in: text, from: 0) != nil
        case .list(let id), .tuple(let id):
            for item in lists[id] where try isEqual(item, value) { return true }
            return false
        case .mapping(let id):
            let key = try self.key(value)
            if case .string(let text) = key { try spend(text.count) }
            return mappings[id][key] != nil
        case .undefined: return false
        default: throw error(.type, "\(kindName(of: container)) contains nothing")
        }
    }
}

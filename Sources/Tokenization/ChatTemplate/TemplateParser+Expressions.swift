extension TemplateParser {
    /// One expression, or several with commas between, which are a tuple.
    mutating func parseTuple(allowsConditional: Bool = true) throws(ChatTemplateError) -> TemplateExpression {
        let first = try parseExpression(allowsConditional: allowsConditional)
        guard current.kind == .symbol(",") else { return first }
        var items = [first]
        while skip(symbol: ",") {
            switch current.kind {
            case .outputEnd, .blockEnd, .symbol(")"): return .tuple(items)
            default: items.append(try parseExpression(allowsConditional: allowsConditional))
            }
        }
        return .tuple(items)
    }

    /// `value if condition else other`, which binds loosest.
    mutating func parseExpression(allowsConditional: Bool = true) throws(ChatTemplateError) -> TemplateExpression {
        try enter()
        defer { leave() }
        let value = try parseBinary(.or)
        guard allowsConditional && skip(name: "if") else { return value }
        let condition = try parseBinary(.or)
        let otherwise = skip(name: "else") ? try parseExpression() : nil
        return .conditional(value, condition: condition, otherwise: otherwise)
    }

    /// Operators from the loosest to the tightest.
    private enum Precedence: Int {
        case or, and, comparison, sum, concatenation, product, power, operand
    }

    private enum Operator {
        case or, and
        case comparison(TemplateExpression.Comparison)
        case arithmetic(TemplateExpression.Arithmetic)

        var precedence: Precedence {
            switch self {
            case .or: .or
            case .and: .and
            case .comparison: .comparison
            case .arithmetic(.add), .arithmetic(.subtract): .sum
            case .arithmetic(.concatenate): .concatenation
            case .arithmetic(.power): .power
            case .arithmetic: .product
            }
        }
    }

    private func currentOperator() -> (Operator, tokens: Int)? {
        switch current.kind {
        case .name("or"): return (.or, 1)
        case .name("and"): return (.and, 1)
        case .name("in"): return (.comparison(.contained), 1)
        case .name("not") where next == .name("in"): return (.comparison(.notContained), 2)
        case .symbol(let symbol):
            if let comparison = TemplateExpression.Comparison(rawValue: symbol) { return (.comparison(comparison), 1) }
            if let arithmetic = TemplateExpression.Arithmetic(rawValue: symbol) { return (.arithmetic(arithmetic), 1) }
            return nil
        default: return nil
        }
    }

    /// Operands and the operators between them that bind at least as tightly as `minimum`.
    private mutating func parseBinary(_ minimum: Precedence) throws(ChatTemplateError) -> TemplateExpression {
        var left = try parseOperand(minimum)
        while let (first, _) = currentOperator(), first.precedence.rawValue >= minimum.rawValue {
            left = try parseChain(from: left, first.precedence)
        }
        return left
    }

    /// A run of operators of one precedence, with `left` before it.
    private mutating func parseChain(
        from left: TemplateExpression, _ precedence: Precedence
    ) throws(ChatTemplateError) -> TemplateExpression {
        try enter()
        defer { leave() }
        let tighter = Precedence(rawValue: precedence.rawValue + 1) ?? .operand
        var logical = [left]
        var comparisons: [(TemplateExpression.Comparison, TemplateExpression)] = []
        var arithmetic: [(TemplateExpression.Arithmetic, TemplateExpression)] = []
        while let (found, count) = currentOperator(), found.precedence == precedence {
            for _ in 0..<count { advance() }
            let right = try parseBinary(tighter)
            switch found {
            case .or, .and: logical.append(right)
            case .comparison(let comparison): comparisons.append((comparison, right))
            case .arithmetic(let operation): arithmetic.append((operation, right))
            }
        }
        switch precedence {
        case .or: return .or(logical)
        case .and: return .and(logical)
        case .comparison: return .comparison(left, comparisons)
        default: return .arithmetic(left, arithmetic)
        }
    }

    private mutating func parseOperand(_ minimum: Precedence) throws(ChatTemplateError) -> TemplateExpression {
        if minimum.rawValue <= Precedence.comparison.rawValue, skip(name: "not") {
            try enter()
            defer { leave() }
            return .not(try parseBinary(.comparison))
        }
        return try parseUnary(allowsFilters: true)
    }

    private mutating func parseUnary(allowsFilters: Bool) throws(ChatTemplateError) -> TemplateExpression {
        var base: TemplateExpression
        if current.kind == .symbol("-") || current.kind == .symbol("+") {
            try enter()
            defer { leave() }
            let isNegative = current.kind == .symbol("-")
            advance()
            let operand = try parseUnary(allowsFilters: false)
            base = isNegative ? .negative(operand) : .positive(operand)
        } else {
            base = try parsePrimary()
        }
        let postfixes = try parsePostfixes(allowsFilters: allowsFilters)
        if !postfixes.isEmpty { base = .postfix(base, postfixes) }
        return base
    }

    private mutating func parsePrimary() throws(ChatTemplateError) -> TemplateExpression {
        let token = current
        switch token.kind {
        case .name(let name):
            advance()
            switch name {
            case "true", "True": return .literal(.boolean(true))
            case "false", "False": return .literal(.boolean(false))
            case "none", "None": return .literal(.none)
            default: return .name(name)
            }
        case .string(var text):
            advance()
            // Strings side by side are one string.
            while case .string(let more) = current.kind {
                text += more
                advance()
            }
            return .literal(.string(text))
        case .integer(let value):
            advance()
            return .literal(.integer(value))
        case .number(let value):
            advance()
            return .literal(.number(value))
        case .symbol("("):
            advance()
            if skip(symbol: ")") { return .tuple([]) }
            let inner = try parseTuple()
            try expect(symbol: ")")
            return inner
        case .symbol("["):
            advance()
            var items: [TemplateExpression] = []
            while !skip(symbol: "]") {
                if !items.isEmpty { try expect(symbol: ",") }
                if skip(symbol: "]") { break }
                items.append(try parseExpression())
            }
            return .list(items)
        case .symbol("{"):
            advance()
            return try parseMapping()
        default: throw error("expected a value")
        }
    }

    private mutating func parseMapping() throws(ChatTemplateError) -> TemplateExpression {
        var entries: [(key: TemplateExpression, value: TemplateExpression)] = []
        while !skip(symbol: "}") {
            if !entries.isEmpty { try expect(symbol: ",") }
            if skip(symbol: "}") { break }
            let key = try parseExpression()
            try expect(symbol: ":")
            entries.append((key, try parseExpression()))
        }
        return .mapping(entries)
    }

    private mutating func parsePostfixes(
        allowsFilters: Bool
    ) throws(ChatTemplateError) -> [TemplateExpression.Postfix] {
        var postfixes: [TemplateExpression.Postfix] = []
        while true {
            if skip(symbol: ".") {
                if case .integer(let index) = current.kind {
                    advance()
                    postfixes.append(.subscripted(.literal(.integer(index))))
                    continue
                }
                let name = try expectName()
                if current.kind == .symbol("(") {
                    postfixes.append(.method(name, try parseArguments()))
                } else {
                    postfixes.append(.attribute(name))
                }
            } else if skip(symbol: "[") {
                postfixes.append(try parseSubscript())
            } else if current.kind == .symbol("(") {
                postfixes.append(.call(try parseArguments()))
            } else if allowsFilters && current.kind == .symbol("|") {
                postfixes += try parseFilters(startsWithName: false)
            } else if allowsFilters && skip(name: "is") {
                postfixes.append(try parseTest())
            } else {
                return postfixes
            }
        }
    }

    private mutating func parseSubscript() throws(ChatTemplateError) -> TemplateExpression.Postfix {
        var parts: [TemplateExpression?] = [nil]
        while !skip(symbol: "]") {
            if skip(symbol: ":") {
                parts.append(nil)
            } else if parts[parts.count - 1] == nil {
                parts[parts.count - 1] = try parseTuple()
            } else {
                throw error("expected ']'")
            }
        }
        switch parts.count {
        case 1:
            guard let index = parts[0] else { throw error("expected a value") }
            return .subscripted(index)
        case 2: return .slice(parts[0], parts[1], nil)
        case 3: return .slice(parts[0], parts[1], parts[2])
        default: throw error("a slice has at most three parts")
        }
    }

    /// `| name(arguments) | …`; the first bar is already read if `startsWithName`.
    mutating func parseFilters(startsWithName: Bool) throws(ChatTemplateError) -> [TemplateExpression.Postfix] {
        var filters: [TemplateExpression.Postfix] = []
        while startsWithName && filters.isEmpty || skip(symbol: "|") {
            let name = try expectName()
            filters.append(
                .filter(name, current.kind == .symbol("(") ? try parseArguments() : TemplateExpression.Arguments()))
        }
        return filters
    }

    /// Tests that take a value, which may follow without brackets.
    private static let testsWithArgument: Set<String> = [
        "divisibleby", "eq", "equalto", "ne", "gt", "greaterthan", "ge", "lt", "lessthan", "le", "in", "sameas",
    ]

    private mutating func parseTest() throws(ChatTemplateError) -> TemplateExpression.Postfix {
        let isNegated = skip(name: "not")
        let name = try expectName()
        var arguments = TemplateExpression.Arguments()
        if current.kind == .symbol("(") {
            arguments = try parseArguments()
        } else if Self.testsWithArgument.contains(name) {
            arguments.positional = [try parseUnary(allowsFilters: false)]
        }
        return .test(name, arguments, isNegated: isNegated)
    }

    private mutating func parseArguments() throws(ChatTemplateError) -> TemplateExpression.Arguments {
        try expect(symbol: "(")
        var arguments = TemplateExpression.Arguments()
        var isFirst = true
        while !skip(symbol: ")") {
            if !isFirst { try expect(symbol: ",") }
            isFirst = false
            if skip(symbol: ")") { break }
            if case .name(let name) = current.kind, next == .symbol("=") {
                advance()
                advance()
                arguments.named.append((name, try parseExpression()))
            } else if current.kind == .symbol("*") || current.kind == .symbol("**") {
                throw error("spread arguments are not supported", .unsupported)
            } else {
                guard arguments.named.isEmpty else { throw error("a positional argument follows a named one") }
                arguments.positional.append(try parseExpression())
            }
        }
        return arguments
    }
}

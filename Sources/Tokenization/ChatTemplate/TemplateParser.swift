/// Builds the tree of a template from its tokens; here statements.
struct TemplateParser {
    private let tokens: [TemplateToken]
    private var position = 0
    private var depth = 0
    private var loopDepth = 0

    init(tokens: [TemplateToken]) {
        self.tokens = tokens
    }

    /// The whole template. Throws `syntax`, `unsupported` or `limit`.
    mutating func parse() throws(ChatTemplateError) -> [TemplateNode] {
        let (nodes, end) = try parseBody(until: [])
        guard end == nil else { throw error("unexpected '\(end ?? "")'") }
        return nodes
    }

    // MARK: Tokens

    var current: TemplateToken {
        position < tokens.count ? tokens[position] : TemplateToken(kind: .end, line: tokens.last?.line ?? 1)
    }

    var next: TemplateToken.Kind {
        position + 1 < tokens.count ? tokens[position + 1].kind : .end
    }

    mutating func advance() {
        position += 1
    }

    mutating func skip(symbol: String) -> Bool {
        guard current.kind == .symbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func skip(name: String) -> Bool {
        guard current.kind == .name(name) else { return false }
        advance()
        return true
    }

    mutating func expect(symbol: String) throws(ChatTemplateError) {
        guard skip(symbol: symbol) else { throw error("expected '\(symbol)'") }
    }

    mutating func expectName() throws(ChatTemplateError) -> String {
        guard case .name(let name) = current.kind else { throw error("expected a name") }
        advance()
        return name
    }

    func error(_ message: String, _ code: ChatTemplateError.Code = .syntax) -> ChatTemplateError {
        ChatTemplateError(code, message, line: current.line)
    }

    /// Enters one level of nesting; every call pairs with `leave`, except where an error ends parsing.
    mutating func enter() throws(ChatTemplateError) {
        depth += 1
        guard depth <= TemplateLimits.depth else { throw error("nested deeper than \(TemplateLimits.depth)", .limit) }
    }

    mutating func leave() {
        depth -= 1
    }

    // MARK: Statements

    /// Nodes up to a tag that begins with one of `ends`, which is read with its name but not to its end, or up to the
    /// end of the template.
    private mutating func parseBody(
        until ends: Set<String>
    ) throws(ChatTemplateError) -> (nodes: [TemplateNode], end: String?) {
        try enter()
        defer { leave() }
        var nodes: [TemplateNode] = []
        while true {
            let token = current
            advance()
            switch token.kind {
            case .text(let text): nodes.append(TemplateNode(kind: .text(text), line: token.line))
            case .outputBegin:
                let expression = try parseTuple()
                guard current.kind == .outputEnd else { throw error("expected '}}'") }
                advance()
                nodes.append(TemplateNode(kind: .output(expression), line: token.line))
            case .blockBegin:
                let name = try expectName()
                if ends.contains(name) { return (nodes, name) }
                nodes.append(TemplateNode(kind: try parseStatement(name), line: token.line))
            default:
                guard ends.isEmpty else {
                    throw ChatTemplateError(
                        .syntax, "the template ends where \(ends.sorted().joined(separator: " or ")) must follow",
                        line: token.line)
                }
                return (nodes, nil)
            }
        }
    }

    private mutating func endBlock() throws(ChatTemplateError) {
        guard current.kind == .blockEnd else { throw error("expected '%}'") }
        advance()
    }

    private mutating func parseBlock(to end: String) throws(ChatTemplateError) -> [TemplateNode] {
        try endBlock()
        let (body, _) = try parseBody(until: [end])
        try endBlock()
        return body
    }

    private mutating func parseStatement(_ name: String) throws(ChatTemplateError) -> TemplateNode.Kind {
        switch name {
        case "if": return try parseIf()
        case "for": return try parseFor()
        case "set": return try parseSet()
        case "macro":
            let macro = try expectName()
            return .macro(try parseMacro(named: macro, end: "endmacro"))
        case "call": return try parseCall()
        case "filter":
            let filters = try parseFilters(startsWithName: true)
            return .filtered(filters, try parseBlock(to: "endfilter"))
        case "generation": return .group(try parseBlock(to: "endgeneration"))
        case "break", "continue":
            guard loopDepth > 0 else { throw error("'\(name)' is not inside a loop") }
            try endBlock()
            return name == "break" ? .breakLoop : .continueLoop
        case "extends", "block", "include", "import", "from", "with", "autoescape", "trans", "do":
            throw error("the statement '\(name)' is not supported", .unsupported)
        default: throw error("unknown statement '\(name)'")
        }
    }

    private mutating func parseIf() throws(ChatTemplateError) -> TemplateNode.Kind {
        var branches: [(TemplateExpression, [TemplateNode])] = []
        while true {
            let condition = try parseTuple()
            try endBlock()
            let (body, end) = try parseBody(until: ["elif", "else", "endif"])
            branches.append((condition, body))
            guard end != "elif" else { continue }
            guard end == "else" else {
                try endBlock()
                return .condition(branches, otherwise: [])
            }
            return .condition(branches, otherwise: try parseBlock(to: "endif"))
        }
    }

    private mutating func parseFor() throws(ChatTemplateError) -> TemplateNode.Kind {
        let target = try parseTarget()
        guard skip(name: "in") else { throw error("expected 'in'") }
        let items = try parseTuple(allowsConditional: false)
        let condition = skip(name: "if") ? try parseExpression() : nil
        if current.kind == .name("recursive") { throw error("recursive loops are not supported", .unsupported) }
        try endBlock()
        loopDepth += 1
        let (body, end) = try parseBody(until: ["else", "endfor"])
        loopDepth -= 1
        var otherwise: [TemplateNode] = []
        if end == "else" {
            otherwise = try parseBlock(to: "endfor")
        } else {
            try endBlock()
        }
        return .loop(
            TemplateNode.Loop(target: target, items: items, condition: condition, body: body, otherwise: otherwise))
    }

    private mutating func parseSet() throws(ChatTemplateError) -> TemplateNode.Kind {
        let target = try parseTarget()
        if skip(symbol: "=") {
            let value = try parseTuple()
            try endBlock()
            return .assignment(target, value)
        }
        let filters = try parseFilters(startsWithName: false)
        return .blockAssignment(target, filters: filters, try parseBlock(to: "endset"))
    }

    private mutating func parseTarget() throws(ChatTemplateError) -> TemplateNode.Target {
        let isBracketed = skip(symbol: "(")
        let first = try expectName()
        if !isBracketed && skip(symbol: ".") { return .attribute(first, try expectName()) }
        var names = [first]
        var isTuple = false
        while skip(symbol: ",") {
            isTuple = true
            guard case .name(let name) = current.kind, name != "in" else { break }
            advance()
            names.append(name)
        }
        if isBracketed { try expect(symbol: ")") }
        return isTuple ? .tuple(names) : .name(first)
    }

    private mutating func parseMacro(named name: String, end: String) throws(ChatTemplateError) -> TemplateNode.Macro {
        var parameters: [(name: String, initial: TemplateExpression?)] = []
        if skip(symbol: "(") {
            while !skip(symbol: ")") {
                if !parameters.isEmpty { try expect(symbol: ",") }
                if skip(symbol: ")") { break }
                let parameter = try expectName()
                parameters.append((parameter, skip(symbol: "=") ? try parseExpression() : nil))
            }
        } else if end == "endmacro" {
            throw error("expected '('")
        }
        let enclosingLoops = loopDepth
        loopDepth = 0
        let body = try parseBlock(to: end)
        loopDepth = enclosingLoops
        return TemplateNode.Macro(name: name, parameters: parameters, body: body)
    }

    private mutating func parseCall() throws(ChatTemplateError) -> TemplateNode.Kind {
        guard current.kind != .symbol("(") else {
            throw error("parameters of 'call' are not supported", .unsupported)
        }
        let call = try parseExpression()
        guard case .postfix(_, let postfixes) = call, case .call = postfixes.last else {
            throw error("'call' needs the call of a macro")
        }
        return .call(call, caller: try parseMacro(named: "caller", end: "endcall"))
    }
}

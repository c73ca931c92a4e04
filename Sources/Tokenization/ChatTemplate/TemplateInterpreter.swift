/// A value while a template renders.
///
/// Lists, mappings and the rest that has identity are indices into the interpreter's stores, so that a template that
/// builds cycles or endless nesting costs neither leaks nor recursion when they are freed.
enum TemplateRuntimeValue: Hashable {
    /// The name that gave nothing. Prints and iterates as nothing; anything else is an error.
    case undefined(String)
    case none
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(TemplateText)
    case list(Int)
    case tuple(Int)
    case mapping(Int)
    case namespace(Int)
    case loop(Int)
    case macro(Int)
    case function(TemplateFunction)
}

enum TemplateFunction: String, Hashable, CaseIterable {
    case range, namespace, dict
    case raiseException = "raise_exception"
    case timeNow = "strftime_now"
}

/// Keys and values in the order of insertion.
struct TemplateMapping {
    private(set) var entries: [(key: TemplateRuntimeValue, value: TemplateRuntimeValue)] = []
    private var places: [TemplateRuntimeValue: Int] = [:]

    subscript(key: TemplateRuntimeValue) -> TemplateRuntimeValue? {
        places[key].map { entries[$0].value }
    }

    mutating func set(_ value: TemplateRuntimeValue, for key: TemplateRuntimeValue) {
        if let place = places[key] {
            entries[place].value = value
        } else {
            places[key] = entries.count
            entries.append((key, value))
        }
    }
}

/// Renders one template once: the state and the statements.
struct TemplateInterpreter {
    typealias Value = TemplateRuntimeValue

    struct LoopState {
        var items: [Value]
        var index = 0
    }

    struct MacroInstance {
        var macro: TemplateNode.Macro
        /// What the body of a `call` sees; other macros see only what the whole template sees.
        var scopes: [[String: Value]]?
    }

    enum Flow {
        case onward, breakLoop, continueLoop
    }

    let time: Int
    /// Whether it is an error to use what was not given.
    var isStrict = false
    var line = 1
    var lists: [[Value]] = []
    var mappings: [TemplateMapping] = []
    var loops: [LoopState] = []
    var macros: [MacroInstance] = []
    /// Innermost last; the first holds what was given and what the template sets outside of loops and macros.
    var scopes: [[String: Value]] = [[:]]
    var output: TemplateText = []
    private var depth = 0
    private var steps = 0
    private var work = 0

    init(time: Int) {
        self.time = time
    }

    mutating func render(
        _ nodes: [TemplateNode], variables: [String: TemplateValue]
    ) throws(ChatTemplateError) -> String {
        for (name, value) in variables { scopes[0][name] = try runtimeValue(value, depth: 0) }
        _ = try execute(nodes)
        let text = String(template: output)
        guard text.utf8.count <= TemplateLimits.output else { throw outputTooLong() }
        return text
    }

    private mutating func runtimeValue(_ value: TemplateValue, depth: Int) throws(ChatTemplateError) -> Value {
        guard depth <= TemplateLimits.depth else { throw error(.limit, "a variable is nested too deep") }
        switch value {
        case .none: return .none
        case .boolean(let value): return .boolean(value)
        case .integer(let value): return .integer(value)
        case .number(let value): return .number(value)
        case .string(let value): return try string(Array(value.unicodeScalars))
        case .list(let values):
            var items: [Value] = []
            for value in values { items.append(try runtimeValue(value, depth: depth + 1)) }
            return try list(items)
        case .mapping(let entries):
            var mapping = TemplateMapping()
            for (key, value) in entries {
                mapping.set(try runtimeValue(value, depth: depth + 1), for: .string(Array(key.unicodeScalars)))
            }
            return try self.mapping(mapping)
        }
    }

    // MARK: Limits and errors

    func error(_ code: ChatTemplateError.Code, _ message: String) -> ChatTemplateError {
        ChatTemplateError(code, message, line: line)
    }

    func refuseUndefined(_ value: Value) throws(ChatTemplateError) {
        if isStrict, case .undefined(let name) = value { throw error(.undefined, "'\(name)' is undefined") }
    }

    private func outputTooLong() -> ChatTemplateError {
        error(.limit, "the text is longer than \(TemplateLimits.output) bytes")
    }

    /// Counts one evaluation.
    mutating func step() throws(ChatTemplateError) {
        steps += 1
        guard steps <= TemplateLimits.steps else {
            throw error(.limit, "rendering takes more than \(TemplateLimits.steps) steps")
        }
    }

    /// Counts `amount` scalars or elements copied or compared. Call before the work.
    mutating func spend(_ amount: Int) throws(ChatTemplateError) {
        let (sum, overflow) = work.addingReportingOverflow(amount)
        guard !overflow && sum <= TemplateLimits.work else {
            throw error(.limit, "rendering handles too much text or too many values")
        }
        work = sum
    }

    /// Enters one level of evaluation; every call pairs with `leave`, except where an error ends rendering.
    mutating func enter() throws(ChatTemplateError) {
        try step()
        depth += 1
        guard depth <= TemplateLimits.evaluationDepth else { throw error(.limit, "rendering nests too deep") }
    }

    mutating func leave() {
        depth -= 1
    }

    // MARK: Making values

    mutating func string(_ text: TemplateText) throws(ChatTemplateError) -> Value {
        try spend(text.count)
        return .string(text)
    }

    mutating func list(_ items: [Value]) throws(ChatTemplateError) -> Value {
        try spend(1 + 4 * items.count)
        lists.append(items)
        return .list(lists.count - 1)
    }

    mutating func tuple(_ items: [Value]) throws(ChatTemplateError) -> Value {
        try spend(1 + 4 * items.count)
        lists.append(items)
        return .tuple(lists.count - 1)
    }

    mutating func mapping(_ mapping: TemplateMapping) throws(ChatTemplateError) -> Value {
        try spend(1 + 8 * mapping.entries.count)
        mappings.append(mapping)
        return .mapping(mappings.count - 1)
    }

    // MARK: Statements

    mutating func emit(_ text: TemplateText) throws(ChatTemplateError) {
        try spend(text.count)
        guard output.count + text.count <= TemplateLimits.output else { throw outputTooLong() }
        output += text
    }

    /// What `nodes` write.
    mutating func captured(_ nodes: [TemplateNode]) throws(ChatTemplateError) -> TemplateText {
        var outer: TemplateText = []
        swap(&outer, &output)
        _ = try execute(nodes)
        swap(&outer, &output)
        return outer
    }

    mutating func execute(_ nodes: [TemplateNode]) throws(ChatTemplateError) -> Flow {
        try enter()
        defer { leave() }
        for node in nodes {
            line = node.line
            let flow = try execute(node)
            guard case .onward = flow else { return flow }
        }
        return .onward
    }

    private mutating func execute(_ node: TemplateNode) throws(ChatTemplateError) -> Flow {
        switch node.kind {
        case .text(let text): try emit(text)
        case .output(let expression): try emit(try text(of: try evaluate(expression)))
        case .condition(let branches, let otherwise):
            for (condition, body) in branches where isTrue(try evaluate(condition)) {
                return try execute(body)
            }
            return try execute(otherwise)
        case .loop(let loop): return try execute(loop)
        case .assignment(let target, let expression): try assign(try evaluate(expression), to: target)
        case .blockAssignment(let target, let filters, let body):
            try assign(try filtered(try captured(body), by: filters), to: target)
        case .filtered(let filters, let body):
            try emit(try text(of: try filtered(try captured(body), by: filters)))
        case .macro(let macro): scopes[scopes.count - 1][macro.name] = makeMacro(macro)
        case .call(let call, let caller):
            try spend(16 * scopes.reduce(1) { $0 + $1.count })
            scopes.append(["caller": makeMacro(caller, scopes: scopes)])
            let result = try evaluate(call)
            scopes.removeLast()
            try emit(try text(of: result))
        case .group(let body): return try execute(body)
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .onward
    }

    private mutating func makeMacro(_ macro: TemplateNode.Macro, scopes: [[String: Value]]? = nil) -> Value {
        macros.append(MacroInstance(macro: macro, scopes: scopes))
        return .macro(macros.count - 1)
    }

    private mutating func filtered(
        _ text: TemplateText, by filters: [TemplateExpression.Postfix]
    ) throws(ChatTemplateError) -> Value {
        var value = try string(text)
        for filter in filters { value = try apply(filter, to: value) }
        return value
    }

    private mutating func execute(_ loop: TemplateNode.Loop) throws(ChatTemplateError) -> Flow {
        var items = try self.items(of: try evaluate(loop.items))
        if let condition = loop.condition {
            var kept: [Value] = []
            for item in items {
                scopes.append([:])
                try assign(item, to: loop.target)
                if isTrue(try evaluate(condition)) { kept.append(item) }
                scopes.removeLast()
            }
            items = kept
        }
        guard !items.isEmpty else { return try execute(loop.otherwise) }
        let id = loops.count
        loops.append(LoopState(items: items))
        for index in items.indices {
            try step()
            loops[id].index = index
            scopes.append(["loop": .loop(id)])
            try assign(items[index], to: loop.target)
            let flow = try execute(loop.body)
            scopes.removeLast()
            if case .breakLoop = flow { break }
        }
        return .onward
    }

    private mutating func assign(_ value: Value, to target: TemplateNode.Target) throws(ChatTemplateError) {
        switch target {
        case .name(let name): scopes[scopes.count - 1][name] = value
        case .attribute(let name, let attribute):
            guard case .namespace(let id) = lookUp(name) else {
                throw error(.type, "'\(name)' is not a namespace, so its attribute '\(attribute)' cannot be set")
            }
            mappings[id].set(value, for: .string(Array(attribute.unicodeScalars)))
        case .tuple(let names):
            let items = try self.items(of: value)
            guard items.count == names.count else {
                throw error(.type, "\(items.count) values cannot be unpacked into \(names.count) names")
            }
            for (name, item) in zip(names, items) { scopes[scopes.count - 1][name] = item }
        }
    }

    func lookUp(_ name: String) -> Value {
        for scope in scopes.reversed() {
            if let value = scope[name] { return value }
        }
        return TemplateFunction(rawValue: name).map { .function($0) } ?? .undefined(name)
    }

    /// What a loop over `value` sees.
    mutating func items(of value: Value) throws(ChatTemplateError) -> [Value] {
        switch value {
        case .list(let id), .tuple(let id):
            try spend(lists[id].count)
            return lists[id]
        case .mapping(let id):
            try spend(mappings[id].entries.count)
            return mappings[id].entries.map(\.key)
        case .string(let text):
            try spend(8 * text.count)
            return text.map { .string([$0]) }
        case .undefined:
            try refuseUndefined(value)
            return []
        default: throw error(.type, "\(kindName(of: value)) is not iterable")
        }
    }
}

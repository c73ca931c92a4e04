/// An expression. Chains of operators of one precedence and of postfixes are flat, so that the depth of the tree is
/// bounded by the nesting of brackets in the source.
indirect enum TemplateExpression: Sendable {
    enum Literal: Sendable {
        case none
        case boolean(Bool)
        case integer(Int)
        case number(Double)
        case string(TemplateText)
    }

    enum Arithmetic: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case floorDivide = "//"
        case remainder = "%"
        case power = "**"
        case concatenate = "~"
    }

    enum Comparison: String, Sendable {
        case equal = "=="
        case unequal = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case contained = "in"
        case notContained = "not in"
    }

    /// What follows a value and applies to it.
    enum Postfix: Sendable {
        case attribute(String)
        case subscripted(TemplateExpression)
        case slice(TemplateExpression?, TemplateExpression?, TemplateExpression?)
        case call(Arguments)
        case method(String, Arguments)
        case filter(String, Arguments)
        case test(String, Arguments, isNegated: Bool)
    }

    struct Arguments: Sendable {
        var positional: [TemplateExpression] = []
        var named: [(name: String, value: TemplateExpression)] = []
    }

    case literal(Literal)
    case name(String)
    case list([TemplateExpression])
    case tuple([TemplateExpression])
    case mapping([(key: TemplateExpression, value: TemplateExpression)])
    case postfix(TemplateExpression, [Postfix])
    case not(TemplateExpression)
    case negative(TemplateExpression)
    case positive(TemplateExpression)
    case arithmetic(TemplateExpression, [(Arithmetic, TemplateExpression)])
    case comparison(TemplateExpression, [(Comparison, TemplateExpression)])
    case and([TemplateExpression])
    case or([TemplateExpression])
    case conditional(TemplateExpression, condition: TemplateExpression, otherwise: TemplateExpression?)
}

/// A statement or a piece of text, and the line where it begins.
struct TemplateNode: Sendable {
    enum Target: Sendable {
        case name(String)
        /// An attribute of a namespace.
        case attribute(String, String)
        case tuple([String])
    }

    struct Loop: Sendable {
        var target: Target
        var items: TemplateExpression
        var condition: TemplateExpression?
        var body: [TemplateNode]
        var otherwise: [TemplateNode]
    }

    struct Macro: Sendable {
        var name: String
        var parameters: [(name: String, initial: TemplateExpression?)]
        var body: [TemplateNode]
    }

    indirect enum Kind: Sendable {
        case text(TemplateText)
        case output(TemplateExpression)
        case condition([(TemplateExpression, [TemplateNode])], otherwise: [TemplateNode])
        case loop(Loop)
        case assignment(Target, TemplateExpression)
        case blockAssignment(Target, filters: [TemplateExpression.Postfix], [TemplateNode])
        case macro(Macro)
        /// The body becomes the macro `caller` for the duration of the call.
        case call(TemplateExpression, caller: Macro)
        case filtered([TemplateExpression.Postfix], [TemplateNode])
        /// A body without a meaning of its own (`generation`).
        case group([TemplateNode])
        case breakLoop, continueLoop
    }

    var kind: Kind
    var line: Int
}

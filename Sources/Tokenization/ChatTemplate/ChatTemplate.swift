#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One turn of a conversation.
package struct ChatMessage: Hashable, Sendable {
    /// `system`, `user`, `assistant`, or whatever else the template knows.
    package var role: String
    package var content: String

    package init(role: String, content: String) {
        self.role = role
        self.content = content
    }
}

/// The template by which a checkpoint's tokenizer turns a conversation into the text of a prompt.
///
/// Templates are written in Jinja (jinja.palletsprojects.com, version 3.1). This is an interpreter for the part of it
/// that chat templates use, with the settings of transformers' `apply_chat_template`: `trim_blocks` and
/// `lstrip_blocks` are on, HTML is not escaped, and `raise_exception`, `strftime_now` and the statements `break`,
/// `continue` and `generation` exist. Strings are sequences of Unicode scalars, as in Python. Inheritance, imports
/// and recursive loops are refused with `ChatTemplateError.Code.unsupported`.
///
/// A template is data that came with a checkpoint and is not trusted: nesting, steps, memory and output are bounded
/// (`TemplateLimits`), and it can reach nothing but what it is given and the time of day.
package struct ChatTemplate: Sendable {
    private let nodes: [TemplateNode]

    /// Parses `source`, the value of `chat_template` in tokenizer_config.json or `tokenizer.chat_template` in GGUF.
    ///
    /// - Parameter keepsWhiteSpace: `trim_blocks` and `lstrip_blocks` off, `keep_trailing_newline` on.
    ///
    /// Throws `syntax`, `unsupported` or `limit`.
    package init(_ source: String, keepsWhiteSpace: Bool = false) throws(ChatTemplateError) {
        var parser = TemplateParser(tokens: try TemplateLexer.tokens(of: source, keepsWhiteSpace: keepsWhiteSpace))
        nodes = try parser.parse()
    }

    /// The text of the prompt for `messages`.
    ///
    /// - Parameters:
    ///   - addingGenerationPrompt: Whether to end with the opening of the assistant's next turn.
    ///   - variables: What else the template may read, among it `bos_token` and `eos_token`. `tools` and `documents`
    ///     are none unless given here.
    ///   - time: Seconds since 1970 that `strftime_now` shows in the local time zone; now if not given.
    ///
    /// Throws `raised` where the template refuses the conversation, and any other code but `syntax`.
    package func render(
        messages: [ChatMessage], addingGenerationPrompt: Bool, variables: [String: TemplateValue] = [:],
        time: Int? = nil
    ) throws(ChatTemplateError) -> String {
        let turns = messages.map { message in
            TemplateValue.mapping([("role", .string(message.role)), ("content", .string(message.content))])
        }
        var all: [String: TemplateValue] = [
            "messages": .list(turns), "add_generation_prompt": .boolean(addingGenerationPrompt), "tools": .none,
            "documents": .none,
        ]
        all.merge(variables) { _, given in given }
        var interpreter = TemplateInterpreter(time: time ?? Int(Self.now()))
        return try interpreter.render(nodes, variables: all)
    }

    /// A text that is no conversation, such as the prompt of a task.
    ///
    /// Throws as above, and `undefined` where the template uses what was not given, instead of taking it for nothing
    /// (Jinja's `StrictUndefined`, but for conditions).
    package func render(_ variables: [String: TemplateValue]) throws(ChatTemplateError) -> String {
        var interpreter = TemplateInterpreter(time: 0)
        interpreter.isStrict = true
        return try interpreter.render(nodes, variables: variables)
    }

    private static func now() -> time_t {
        var seconds = time_t()
        _ = Self.libraryTime(&seconds)
        return seconds
    }

    private static func libraryTime(_ seconds: UnsafeMutablePointer<time_t>) -> time_t {
        time(seconds)
    }
}

/// A value given to a template.
package enum TemplateValue: Sendable {
    case none
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case list([TemplateValue])
    /// Keys in the order in which the template sees them; of equal keys the last counts.
    case mapping([(key: String, value: TemplateValue)])
}

/// Bounds that no honest template comes near and no hostile one passes.
enum TemplateLimits {
    /// UTF-8 bytes of the source.
    static let source = 1 << 20
    /// Nested brackets, operators and blocks in the source, and lists within lists.
    static let depth = 100
    /// Nested expressions and statements while rendering, those of called macros included.
    static let evaluationDepth = 200
    /// Expressions and statements evaluated.
    static let steps = 1_000_000
    /// Scalars and list elements copied or compared, all together.
    static let work = 64 << 20
    /// UTF-8 bytes of the output.
    static let output = 16 << 20
}

/// A piece of a template: text between tags, or a word inside one.
struct TemplateToken: Equatable {
    enum Kind: Equatable {
        case text(TemplateText)
        case outputBegin, outputEnd, blockBegin, blockEnd
        case name(String)
        case string(TemplateText)
        case integer(Int)
        case number(Double)
        /// An operator or a bracket.
        case symbol(String)
        case end
    }

    var kind: Kind
    var line: Int
}

/// Text as Python sees it, a sequence of code points, so that lengths, slices and comparisons agree with Jinja's.
typealias TemplateText = [Unicode.Scalar]

/// Cuts a template into tokens. White space around tags goes as the signs in them (`{%-`, `-%}`, `{%+`, `+%}`) demand, and
/// as `trim_blocks` and `lstrip_blocks` do unless all of it is kept.
struct TemplateLexer {
    let source: TemplateText
    private let keepsWhiteSpace: Bool
    var position = 0
    private var line = 1
    private var lineCountedTo = 0
    var tokens: [TemplateToken] = []
    /// Whether the text now read begins a line, in the sense of `lstrip_blocks`.
    private var isLineStart = true

    /// All tokens of `source`, the last of which is `end`. Throws `syntax` or `limit`.
    static func tokens(of source: String, keepsWhiteSpace: Bool) throws(ChatTemplateError) -> [TemplateToken] {
        guard source.utf8.count <= TemplateLimits.source else {
            throw ChatTemplateError(.limit, "the template is longer than \(TemplateLimits.source) bytes", line: 1)
        }
        var lexer = TemplateLexer(source, keepsWhiteSpace: keepsWhiteSpace)
        while lexer.position < lexer.source.count { try lexer.scanTextAndTag() }
        lexer.add(.end)
        return lexer.tokens
    }

    private init(_ source: String, keepsWhiteSpace: Bool) {
        self.keepsWhiteSpace = keepsWhiteSpace
        var text: TemplateText = []
        for scalar in source.unicodeScalars {
            if scalar == "\n", text.last == "\r" { text.removeLast() }
            text.append(scalar)
        }
        // Every kind of line ends with a line feed, and the last line with nothing if not all is kept.
        text = text.map { $0 == "\r" ? "\n" : $0 }
        if text.last == "\n", !keepsWhiteSpace { text.removeLast() }
        self.source = text
    }

    func scalar(at index: Int) -> Unicode.Scalar? {
        index < source.count ? source[index] : nil
    }

    func matches(_ text: String, at start: Int) -> Bool {
        var index = start
        for expected in text.unicodeScalars {
            guard scalar(at: index) == expected else { return false }
            index += 1
        }
        return true
    }

    /// The line of the position, which only moves on.
    private mutating func currentLine() -> Int {
        while lineCountedTo < min(position, source.count) {
            if source[lineCountedTo] == "\n" { line += 1 }
            lineCountedTo += 1
        }
        return line
    }

    mutating func add(_ kind: TemplateToken.Kind) {
        tokens.append(TemplateToken(kind: kind, line: currentLine()))
    }

    mutating func error(_ message: String) -> ChatTemplateError {
        ChatTemplateError(.syntax, message, line: currentLine())
    }

    private mutating func scanTextAndTag() throws(ChatTemplateError) {
        var begin = position
        while begin < source.count {
            if source[begin] == "{", let next = scalar(at: begin + 1), next == "{" || next == "%" || next == "#" {
                break
            }
            begin += 1
        }
        guard begin < source.count else {
            add(.text(Array(source[position...])))
            position = source.count
            return
        }
        let kind = source[begin + 1]
        let sign = scalar(at: begin + 2)
        addText(upTo: begin, sign: sign, isOutput: kind == "{")
        position = begin + (sign == "-" || sign == "+" ? 3 : 2)
        isLineStart = false
        switch kind {
        case "{":
            add(.outputBegin)
            try scanTag(end: "}}", isBlock: false)
        case "#": try skipComment()
        default:
            if let content = rawContentStart() {
                try scanRaw(from: content)
            } else {
                add(.blockBegin)
                try scanTag(end: "%}", isBlock: true)
            }
        }
    }

    private mutating func addText(upTo end: Int, sign: Unicode.Scalar?, isOutput: Bool) {
        var kept = end
        if sign == "-" {
            while kept > position && source[kept - 1].isTemplateSpace { kept -= 1 }
        } else if sign != "+" && !isOutput && !keepsWhiteSpace {
            var start = end
            while start > position && source[start - 1].isTemplateSpace && source[start - 1] != "\n" { start -= 1 }
            let beginsLine = start > position ? source[start - 1] == "\n" : isLineStart
            if beginsLine { kept = start }
        }
        if kept > position { add(.text(Array(source[position..<kept]))) }
    }

    /// Reads the end of a tag with its sign and the white space it takes along, if it is here.
    private mutating func skipTagEnd(_ end: String, isBlock: Bool) -> Bool {
        if matches("-" + end, at: position) {
            position += 3
            while let next = scalar(at: position), next.isTemplateSpace { position += 1 }
        } else if isBlock && matches("+" + end, at: position) {
            position += 3
        } else if matches(end, at: position) {
            position += 2
            if isBlock && !keepsWhiteSpace && scalar(at: position) == "\n" { position += 1 }
        } else {
            return false
        }
        isLineStart = source[position - 1] == "\n"
        return true
    }

    private mutating func skipComment() throws(ChatTemplateError) {
        let begin = position
        while position < source.count {
            if skipTagEnd("#}", isBlock: true) { return }
            position += 1
        }
        position = begin
        throw error("a comment does not end")
    }

    /// Where the content of `{% raw %}` begins, if that is the tag here.
    private func rawContentStart() -> Int? {
        var index = position
        while let next = scalar(at: index), next.isTemplateSpace { index += 1 }
        guard matches("raw", at: index) else { return nil }
        index += 3
        while let next = scalar(at: index), next.isTemplateSpace { index += 1 }
        if matches("%}", at: index) { return index + 2 }
        guard matches("-%}", at: index) else { return nil }
        index += 3
        while let next = scalar(at: index), next.isTemplateSpace { index += 1 }
        return index
    }

    private mutating func scanRaw(from content: Int) throws(ChatTemplateError) {
        position = content
        var begin = content
        while begin < source.count {
            if matches("{%", at: begin) {
                let sign = scalar(at: begin + 2)
                var index = begin + (sign == "-" || sign == "+" ? 3 : 2)
                while let next = scalar(at: index), next.isTemplateSpace { index += 1 }
                if matches("endraw", at: index) {
                    index += 6
                    while let next = scalar(at: index), next.isTemplateSpace { index += 1 }
                    isLineStart = position > 0 && source[position - 1] == "\n"
                    addText(upTo: begin, sign: sign, isOutput: false)
                    position = index
                    if skipTagEnd("%}", isBlock: true) { return }
                    throw error("'endraw' takes nothing")
                }
            }
            begin += 1
        }
        throw error("'raw' has no 'endraw'")
    }

    private mutating func scanTag(end: String, isBlock: Bool) throws(ChatTemplateError) {
        var brackets: [String] = []
        while true {
            while let next = scalar(at: position), next.isTemplateSpace { position += 1 }
            guard let next = scalar(at: position) else { throw error("a tag does not end") }
            if brackets.isEmpty {
                let before = position
                let line = currentLine()
                if skipTagEnd(end, isBlock: isBlock) {
                    tokens.append(TemplateToken(kind: isBlock ? .blockEnd : .outputEnd, line: line))
                    return
                }
                position = before
            }
            if next.isTemplateNameStart {
                scanName()
            } else if next.isTemplateDigit {
                try scanNumber()
            } else if next == "'" || next == "\"" {
                try scanString(quote: next)
            } else {
                try scanSymbol(&brackets)
            }
        }
    }
}

extension Unicode.Scalar {
    /// White space as Python's `str.isspace` has it.
    var isTemplateSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000:
            true
        default: false
        }
    }

    var isTemplateDigit: Bool { (0x30...0x39).contains(value) }

    var isTemplateNameStart: Bool {
        switch value {
        case 0x41...0x5A, 0x61...0x7A, 0x5F: true
        case 0x80...: properties.isXIDContinue
        default: false
        }
    }
}

extension String {
    init(template text: some Sequence<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text)
        self.init(view)
    }
}

/// Names, numbers, strings and symbols inside tags.
extension TemplateLexer {
    mutating func scanName() {
        let begin = position
        while let next = scalar(at: position), next.isTemplateNameStart || next.isTemplateDigit { position += 1 }
        add(.name(String(template: source[begin..<position])))
    }

    mutating func scanNumber() throws(ChatTemplateError) {
        var digits = ""
        func isDigit(_ index: Int) -> Bool { scalar(at: index)?.isTemplateDigit ?? false }
        while let next = scalar(at: position), next.isTemplateDigit || (next == "_" && isDigit(position + 1)) {
            if next != "_" { digits.unicodeScalars.append(next) }
            position += 1
        }
        var isInteger = true
        if scalar(at: position) == ".", isDigit(position + 1), tokens.last?.kind != .symbol(".") {
            isInteger = false
            digits += "."
            position += 1
            while let next = scalar(at: position), next.isTemplateDigit {
                digits.unicodeScalars.append(next)
                position += 1
            }
        }
        if let e = scalar(at: position), e == "e" || e == "E" {
            let sign = scalar(at: position + 1)
            let start = position + (sign == "-" || sign == "+" ? 2 : 1)
            if isDigit(start) {
                isInteger = false
                digits += sign == "-" ? "e-" : "e"
                position = start
                while let next = scalar(at: position), next.isTemplateDigit {
                    digits.unicodeScalars.append(next)
                    position += 1
                }
            }
        }
        if isInteger {
            guard let value = Int(digits) else { throw error("the number \(digits.prefix(40)) is too large") }
            add(.integer(value))
        } else {
            guard let value = Double(digits) else { throw error("the number \(digits.prefix(40)) is malformed") }
            add(.number(value))
        }
    }

    private static let simpleEscapes: [Unicode.Scalar: Unicode.Scalar] = [
        "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", "\"": "\"", "a": "\u{07}", "b": "\u{08}", "f": "\u{0C}",
        "v": "\u{0B}",
    ]

    /// A string with Python's escapes. An unknown escape stays as it is written.
    mutating func scanString(quote: Unicode.Scalar) throws(ChatTemplateError) {
        var text: TemplateText = []
        var index = position + 1
        while true {
            guard let next = scalar(at: index) else { throw error("a string does not end") }
            index += 1
            if next == quote { break }
            guard next == "\\" else {
                text.append(next)
                continue
            }
            guard let escape = scalar(at: index) else { throw error("a string does not end") }
            index += 1
            if let simple = Self.simpleEscapes[escape] {
                text.append(simple)
            } else if let digits = ["x": 2, "u": 4, "U": 8][escape] {
                guard let scalar = hexadecimal(digits, at: index) else {
                    throw error("a string has the malformed escape \\\(escape)")
                }
                text.append(scalar)
                index += digits
            } else if ("0"..."7").contains(escape) {
                var value = escape.value - 48
                var digits = 1
                while digits < 3, let next = scalar(at: index), ("0"..."7").contains(next) {
                    value = value * 8 + (next.value - 48)
                    index += 1
                    digits += 1
                }
                text.append(Unicode.Scalar(value) ?? "\u{FFFD}")
            } else if escape != "\n" {
                text += ["\\", escape]
            }
        }
        add(.string(text))
        position = index
    }

    private func hexadecimal(_ digits: Int, at start: Int) -> Unicode.Scalar? {
        guard start + digits <= source.count else { return nil }
        let text = String(template: source[start..<start + digits])
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else { return nil }
        return UInt32(text, radix: 16).flatMap { Unicode.Scalar($0) }
    }

    private static let symbols: [String] = [
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=",
        ".", ":", "|", ",", ";",
    ]

    mutating func scanSymbol(_ brackets: inout [String]) throws(ChatTemplateError) {
        guard let symbol = Self.symbols.first(where: { matches($0, at: position) }) else {
            let found = String(template: source[position..<position + 1])
            throw error("unexpected character '\(found)'")
        }
        switch symbol {
        case "(": brackets.append(")")
        case "[": brackets.append("]")
        case "{": brackets.append("}")
        case ")", "]", "}":
            guard brackets.popLast() == symbol else { throw error("unexpected '\(symbol)'") }
        default: break
        }
        add(.symbol(symbol))
        position += symbol.utf8.count
    }
}

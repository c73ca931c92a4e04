/// The tokeniser of mteval-v13a, as sacreBLEU has it (`tokenizer_13a`, `tokenizer_re`): it sets punctuation apart and
/// leaves words as they are.
package enum Tokenizer13a {
    /// The words of a segment.
    package static func words(_ segment: String) -> [String] {
        split(PythonText(segment)).map { PythonText($0).string }
    }

    static func split(_ segment: PythonText) -> [ArraySlice<Unicode.Scalar>] {
        var text = segment
        for (old, new) in replacements { text = text.replacingAll(old, with: new) }
        text = [" "] + text + [" "]
        // Punctuation, symbols and spaces of ASCII but for the apostrophe, the comma, the hyphen and the full stop.
        text = text.flatMap { isApart($0) ? [" ", $0, " "] : [$0] }
        // A full stop or comma is apart unless a digit comes before it,
        text = pairs(text) { isDigit($0) || !isStop($1) ? nil : [$0, " ", $1, " "] }
        // or unless a digit follows it.
        text = pairs(text) { isStop($0) && !isDigit($1) ? [" ", $0, " ", $1] : nil }
        // A hyphen is apart behind a digit.
        text = pairs(text) { isDigit($0) && $1 == "-" ? [$0, " ", $1, " "] : nil }
        return text.words
    }

    private static let replacements: [(PythonText, PythonText)] = [
        ("<skipped>", ""), ("-\n", ""), ("\n", " "), ("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"),
    ].map { (PythonText($0), PythonText($1)) }

    private static func isApart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x26, 0x28...0x2B, 0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: false
        }
    }

    private static func isStop(_ scalar: Unicode.Scalar) -> Bool { scalar == "." || scalar == "," }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { (0x30...0x39).contains(scalar.value) }

    /// A substitution of neighbours: from left to right, and nothing that was substituted is looked at again.
    private static func pairs(
        _ text: PythonText, _ substitute: (Unicode.Scalar, Unicode.Scalar) -> PythonText?
    ) -> PythonText {
        var result: PythonText = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if index + 1 < text.count, let new = substitute(text[index], text[index + 1]) {
                result += new
                index += 2
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }
}

/// One step of the clean-up of prompts and choices, as data in a declaration.
enum CleanUpStep: Sendable, Equatable {
    /// Takes white space away at both ends.
    case strip
    /// Replaces every occurrence, from left to right, as `str.replace`.
    case replace(PythonText, with: PythonText)
    /// Takes away what lies between two signs on one line, with the signs: `re.sub` of `\[.*?\]`.
    case removeEnclosed(open: Unicode.Scalar, close: Unicode.Scalar)

    func apply(to text: PythonText) -> PythonText {
        switch self {
        case .strip: text.stripped
        case .replace(let old, let new): text.replacingAll(old, with: new)
        case .removeEnclosed(let open, let close): Self.remove(open, close, from: text)
        }
    }

    private static func remove(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar, from text: PythonText
    ) -> PythonText {
        var result: PythonText = []
        var index = 0
        // The next closing sign or line feed: looked for once, however many signs open before it.
        var end = 0
        while index < text.count {
            if text[index] == open {
                if end <= index {
                    end = text[(index + 1)...].firstIndex { $0 == close || $0 == "\n" } ?? text.count
                }
                if end < text.count, text[end] == close {
                    index = end + 1
                    continue
                }
            }
            result.append(text[index])
            index += 1
        }
        return result
    }
}

extension [CleanUpStep] {
    func apply(to text: String) -> String {
        isEmpty ? text : reduce(PythonText(text)) { $1.apply(to: $0) }.string
    }
}

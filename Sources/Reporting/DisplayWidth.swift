/// How many columns of a terminal a text fills.
///
/// East Asian wide characters and emoji fill two columns, combining marks and control characters none, and
/// ANSI escape sequences (`ESC [ … letter`) none, so that a styled cell lines up with a plain one. Widths follow
/// Unicode Standard Annex #11, with ambiguous characters taken as narrow.
package enum DisplayWidth {
    /// The columns that `text` fills; a newline counts as nothing.
    package static func of(_ text: some StringProtocol) -> Int {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
        var width = 0
        forEachPiece(of: text) { _, columns in
            width += columns
            return true
        }
        return width
    }

    /// The longest beginning of `text` that fills at most `columns`, ending in `ellipsis` where something was left out.
    ///
    /// Escape sequences are kept whole, and styling is reset after a cut.
    package static func truncating(_ text: String, to columns: Int, ellipsis: String = "…") -> String {
        guard of(text) > columns else { return text }
        let ellipsisColumns = of(ellipsis)
        guard columns >= ellipsisColumns else { return "" }
        var kept = ""
        var width = 0
        var hasEscapes = false
        forEachPiece(of: text) { piece, pieceColumns in
            guard width + pieceColumns <= columns - ellipsisColumns else { return false }
            hasEscapes = hasEscapes || piece.unicodeScalars.first == "\u{1B}"
            kept += piece
            width += pieceColumns
            return true
        }
        return kept + ellipsis + (hasEscapes ? "\u{1B}[0m" : "")
    }

    /// The columns that one character, a grapheme cluster, fills.
    package static func of(_ character: Character) -> Int {
        let scalars = character.unicodeScalars
        guard let first = scalars.first else { return 0 }
        switch first.properties.generalCategory {
        case .control, .format, .nonspacingMark, .enclosingMark, .lineSeparator, .paragraphSeparator: return 0
        default: break
        }
        // U+FE0F asks for the emoji form of a character that is text otherwise.
        let isEmoji = first.properties.isEmojiPresentation || scalars.contains("\u{FE0F}")
        return isEmoji || isWide(first) ? 2 : 1
    }

    /// Calls `body` with each character or whole escape sequence and its columns, until `body` answers false.
    private static func forEachPiece(of text: some StringProtocol, _ body: (String, Int) -> Bool) {
        var index = text.startIndex
        while index < text.endIndex {
            var end = text.index(after: index)
            var columns = 0
            if text[index] == "\u{1B}", end < text.endIndex, text[end] == "[" {
                end = text.index(after: end)
                while end < text.endIndex {
                    let byte = text[end].asciiValue ?? 0
                    end = text.index(after: end)
                    if (0x40...0x7E).contains(byte) { break }
                }
            } else {
                columns = of(text[index])
            }
            guard body(String(text[index..<end]), columns) else { return }
            index = end
        }
    }

    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}

/// A table of text with a header, for a terminal (aligned columns) or for a Markdown document.
package struct TextTable: Sendable {
    package enum Alignment: Sendable {
        case left, right, center
    }

    package struct Column: Sendable {
        package var title: String
        package var alignment: Alignment

        package init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }

    private enum Row {
        case cells([String])
        case rule
    }

    package let columns: [Column]
    private var rows: [Row] = []

    package init(_ columns: [Column]) {
        self.columns = columns
    }

    /// Adds a row; cells missing at its end are empty. Having more cells than columns is a programming error.
    package mutating func addRow(_ cells: [String]) {
        precondition(cells.count <= columns.count, "a row has more cells than the table has columns")
        rows.append(.cells(cells + Array(repeating: "", count: columns.count - cells.count)))
    }

    /// Adds a horizontal rule, for example above totals. Markdown knows no such rule and leaves it out.
    package mutating func addRule() {
        rows.append(.rule)
    }

    /// The table for a terminal, without a newline at its end. Columns are as wide as their widest cell.
    ///
    /// `heading` styles the title line, for example `Terminal.bold`.
    package func plain(heading: (String) -> String = { $0 }) -> String {
        let flattened: [[String]?] = rows.map { row in
            if case .cells(let cells) = row { cells.map(Self.singleLine) } else { nil }
        }
        let titles = columns.map { Self.singleLine($0.title) }
        let widths = columns.indices.map { column in
            flattened.reduce(DisplayWidth.of(titles[column])) { width, cells in
                max(width, cells.map { DisplayWidth.of($0[column]) } ?? 0)
            }
        }
        let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
        var lines = [heading(line(of: titles, widths)), rule]
        for cells in flattened {
            lines.append(cells.map { line(of: $0, widths) } ?? rule)
        }
        return lines.joined(separator: "\n")
    }

    /// The table in GitHub-flavoured Markdown, without a newline at its end, padded so that its source is readable.
    package func markdown() -> String {
        let body: [[String]] = rows.compactMap { row in
            if case .cells(let cells) = row { cells.map(Self.markdownCell) } else { nil }
        }
        let titles = columns.map { Self.markdownCell($0.title) }
        let widths = columns.indices.map { column in
            ([titles] + body).reduce(3) { max($0, DisplayWidth.of($1[column])) }
        }
        let markers = zip(columns, widths).map { column, width in
            switch column.alignment {
            case .left: String(repeating: "-", count: width)
            case .right: String(repeating: "-", count: width - 1) + ":"
            case .center: ":" + String(repeating: "-", count: width - 2) + ":"
            }
        }
        let padded = ([titles] + body).map { cells in
            columns.indices.map { pad(cells[$0], to: widths[$0], columns[$0].alignment) }
        }
        return ([padded[0], markers] + padded.dropFirst())
            .map { "| " + $0.joined(separator: " | ") + " |" }
            .joined(separator: "\n")
    }

    private func line(of cells: [String], _ widths: [Int]) -> String {
        let line = columns.indices
            .map { pad(cells[$0], to: widths[$0], columns[$0].alignment) }
            .joined(separator: "  ")
        return String(line.reversed().drop { $0 == " " }.reversed())
    }

    private func pad(_ text: String, to width: Int, _ alignment: Alignment) -> String {
        let missing = max(0, width - DisplayWidth.of(text))
        let before =
            switch alignment {
            case .left: 0
            case .right: missing
            case .center: missing / 2
            }
        return String(repeating: " ", count: before) + text + String(repeating: " ", count: missing - before)
    }

    private static func singleLine(_ text: String) -> String {
        String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
    }

    private static func markdownCell(_ text: String) -> String {
        var cell = ""
        for character in text {
            switch character {
            case "|": cell += "\\|"
            case "\t": cell += " "
            case _ where character.isNewline: cell += "<br>"
            default: cell.append(character)
            }
        }
        return cell
    }
}

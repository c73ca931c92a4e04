/// A table as comma-separated values (RFC 4180): UTF-8, lines ending in CR LF, a header line, quotes where needed.
package struct CSV: Sendable {
    package let header: [String]
    /// Everything written so far, the header included.
    package private(set) var text: String

    package init(header: [String]) {
        self.header = header
        text = Self.line(header)
    }

    /// Adds a row; cells missing at its end are empty. Having more cells than the header is a programming error.
    package mutating func addRow(_ cells: [String]) {
        precondition(cells.count <= header.count, "a row has more cells than the header")
        text += Self.line(cells + Array(repeating: "", count: header.count - cells.count))
    }

    /// One record with its line end.
    static func line(_ cells: [String]) -> String {
        // A record of one empty field would be an empty line, which many readers skip.
        if cells == [""] { return "\"\"\r\n" }
        return cells.map(field).joined(separator: ",") + "\r\n"
    }

    /// The shortest decimal that reads back as the same number; `nan`, `inf` and `-inf` by name, nothing for nil.
    package static func number(_ value: Double?) -> String {
        value.map { "\($0)" } ?? ""
    }

    private static func field(_ text: String) -> String {
        // By bytes: CR LF together is a single Character, equal to neither.
        let needsQuotes = text.utf8.contains { byte in
            byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == 0x0D || byte == 0x0A
        }
        let isPadded = text.first == " " || text.last == " "
        guard needsQuotes || isPadded else { return text }
        var quoted = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "\"" { quoted.append(scalar) }
            quoted.append(scalar)
        }
        return "\"" + String(quoted) + "\""
    }
}

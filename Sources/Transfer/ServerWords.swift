/// What a server says, made fit to be quoted.
package enum ServerWords {
    /// One printable line of at most 200 characters; `nil` when there is nothing in it.
    package static func line(_ text: String) -> String? {
        let printable = text.unicodeScalars.map { scalar in
            [.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
                ? " " : Character(scalar)
        }
        let words = String(printable).split(separator: " ").joined(separator: " ")
        guard !words.isEmpty else { return nil }
        return words.count > 200 ? words.prefix(200) + "…" : words
    }
}

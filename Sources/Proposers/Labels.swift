import Tokenization

/// Short distinct names for the values of a row (` Aa=12 Ab=3 …`), by which a small model keeps its place in it.
package enum Labels {
    /// - Returns: `count` labels, the same for the same tokenizer: two letters such as `Aa` that behind a space are one
    ///   token of the vocabulary, and where there are too few of these, labels of two or more letters that are several.
    package static func choose(_ count: Int, _ tokenizer: Tokenizer) -> [String] {
        let (upper, lower) = (Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), Array("abcdefghijklmnopqrstuvwxyz"))
        let mixed = upper.flatMap { first in lower.map { "\(first)\($0)" } }
        let pairs = mixed + [upper, lower].flatMap { letters in letters.flatMap { a in letters.map { "\(a)\($0)" } } }
        let vocabulary = TokenVocabulary(spellings: [])
        let encoder = FragmentEncoder(tokenizer, vocabulary)
        var labels: [String] = []
        for pair in pairs where labels.count < count {
            if let tokens = try? encoder.encode(Array(" \(pair)".utf8)), tokens.count == 1 { labels.append(pair) }
        }
        let used = Set(labels)
        var rest = mixed.filter { !used.contains($0) }
        while labels.count < count {
            labels += rest.prefix(count - labels.count)
            // Then longer ones. The used pairs are behind us, so that nothing comes twice.
            rest = (rest.first?.count == 2 || rest.isEmpty ? mixed : rest).flatMap { stem in
                lower.map { "\(stem)\($0)" }
            }
        }
        return labels
    }
}

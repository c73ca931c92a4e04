import Search

/// The forms in which a model writes proposals, and how they are read.
///
/// Every reply ends in a line break, so that where a number ends is the model's decision too.
struct ProposalGrammar: Sendable {
    let labels: [String]
    let genes: [Gene]

    static let maximumMoves = 3
    static let maximumSteps = 4

    /// ` Aa=12 Ab=3 …`: one value of every gene.
    var row: Grammar {
        .sequence(
            zip(labels, genes).flatMap { [.literal(" \($0)="), .integer(0...$1.top)] } + [.literal("\n")])
    }

    /// ` 1 and 3`: two different ones of `count`.
    static func pair(of count: Int) -> Grammar {
        .choice(
            (1...max(count, 1)).map { first in
                let others = (1...max(count, 1)).filter { $0 != first }.map { Grammar.literal("\($0)") }
                return .sequence([.literal(" \(first) and "), .choice(others), .literal("\n")])
            })
    }

    /// ` Aa-1>Bb, Cc-2>Dd`: one to three moves from genes that can lose to genes that can gain. `nil` when none can.
    func moves(from values: [Int]) -> Grammar? {
        let donors = genes.indices.filter { values[$0] > 0 }.map { Grammar.literal(labels[$0]) }
        let receivers = genes.indices.filter { values[$0] < genes[$0].top }.map { Grammar.literal(labels[$0]) }
        guard !donors.isEmpty, !receivers.isEmpty else { return nil }
        let move = Grammar.sequence([
            .literal(" "), .choice(donors), .literal("-"), .integer(1...Self.maximumSteps), .literal(">"),
            .choice(receivers),
        ])
        let more = Grammar.repeated(.sequence([.literal(","), move]), upTo: Self.maximumMoves - 1)
        return .sequence([move, more, .literal("\n")])
    }

    // MARK: Reading

    /// - Returns: `nil` for what is not of the form.
    func row(in text: String) -> [Int]? {
        guard let words = Self.words(of: text), words.count == genes.count else { return nil }
        var row: [Int] = []
        for (place, word) in words.enumerated() {
            let sides = word.split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, sides[0] == labels[place],
                let level = Self.number(sides[1], in: 0...genes[place].top)
            else { return nil }
            row.append(level)
        }
        return row
    }

    /// Two different places from 0.
    /// - Returns: `nil` for what is not of the form.
    static func pair(in text: String, of count: Int) -> (Int, Int)? {
        guard let words = words(of: text), words.count == 3, words[1] == "and",
            let first = number(words[0], in: 1...max(count, 1)), let second = number(words[2], in: 1...max(count, 1)),
            first != second
        else { return nil }
        return (first - 1, second - 1)
    }

    /// - Returns: `nil` for what is not of the form.
    func moves(in text: String) -> [Move]? {
        guard let words = Self.words(of: text), (1...Self.maximumMoves).contains(words.count) else { return nil }
        var moves: [Move] = []
        for (place, word) in words.enumerated() {
            guard word.hasSuffix(",") == (place + 1 < words.count) else { return nil }
            let sides = (word.hasSuffix(",") ? word.dropLast() : word).split(
                separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            let gain = sides.last?.split(separator: ">", maxSplits: 1, omittingEmptySubsequences: false) ?? []
            guard sides.count == 2, gain.count == 2, let from = labels.firstIndex(of: String(sides[0])),
                let steps = Self.number(gain[0], in: 1...Self.maximumSteps),
                let to = labels.firstIndex(of: String(gain[1]))
            else { return nil }
            moves.append(Move(from: from, to: to, steps: steps))
        }
        return moves
    }

    /// The words of a line that begins with a space, each but the first behind one.
    private static func words(of text: String) -> [Substring]? {
        guard text.first == " ", text.last == "\n" else { return nil }
        return text.dropFirst().dropLast().split(separator: " ", omittingEmptySubsequences: false)
    }

    /// As the grammar writes it: digits, without sign or leading zeros.
    private static func number(_ text: Substring, in range: ClosedRange<Int>) -> Int? {
        guard let number = Int(text), range.contains(number), text == "\(number)" else { return nil }
        return number
    }
}

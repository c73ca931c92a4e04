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
        let values = text.split(whereSeparator: \.isWhitespace).map { $0.split(separator: "=") }
        guard values.count == genes.count else { return nil }
        var row: [Int] = []
        for (place, value) in values.enumerated() {
            guard value.count == 2, value[0] == labels[place], let level = Int(value[1]),
                (0...genes[place].top).contains(level)
            else { return nil }
            row.append(level)
        }
        return row
    }

    /// Two places from 0.
    static func pair(in text: String) -> (Int, Int)? {
        let words = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        guard words.count == 2 else { return nil }
        return (words[0] - 1, words[1] - 1)
    }

    func moves(in text: String) -> [Move]? {
        var moves: [Move] = []
        for part in text.split(separator: ",") {
            let sides = part.split(whereSeparator: { $0.isWhitespace || $0 == "-" || $0 == ">" })
            guard sides.count == 3, let from = labels.firstIndex(of: String(sides[0])), let steps = Int(sides[1]),
                let to = labels.firstIndex(of: String(sides[2]))
            else { return nil }
            moves.append(Move(from: from, to: to, steps: steps))
        }
        return moves.isEmpty ? nil : moves
    }
}

import Search

/// Reads what a chat model answered. Nothing in it is trusted: it has the JSON that was asked for in it, or it is
/// refused. Words and a code fence around that do no harm. Where a reply has several objects, the last one that can be
/// read counts, since models that think aloud come to their answer at the end; where it has none, the last list.
struct ChatReplies: Sendable {
    let labels: [String]
    let genes: [Gene]
    private let places: [String: Int]

    init(labels: [String], genes: [Gene]) {
        self.labels = labels
        self.genes = genes
        places = Dictionary(zip(labels, labels.indices), uniquingKeysWith: { first, _ in first })
    }

    /// Why a reply is of no use.
    struct Refusal: Error, Equatable {
        var reason: Rejection.Reason
        var detail: String

        init(_ reason: Rejection.Reason, _ detail: String) {
            self.reason = reason
            self.detail = detail
        }
    }

    /// Gene values of `{"levels": {"a0": 3, …}}`; a list of as many integers will do, with or without the outer object.
    func levels(in text: String) throws(Refusal) -> [Int] {
        try Self.read(text) { value throws(Refusal) in try row(of: Self.member("levels", of: value) ?? value) }
    }

    /// Two different places, from 0, of `{"parents": [1, 3]}`; the list alone will do.
    static func parents(in text: String, of count: Int) throws(Refusal) -> (Int, Int) {
        try read(text) { value throws(Refusal) in
            guard case .list(let list) = member("parents", of: value) ?? value else {
                throw Refusal(.malformed, "The reply has no list of parents")
            }
            guard list.count == 2 else { throw Refusal(.wrongLength, "\(list.count) parents in place of 2") }
            let range = 1...max(count, 1)
            let first = try integer(list[0], in: range, "The first parent", .unknownName)
            let second = try integer(list[1], in: range, "The second parent", .unknownName)
            guard first != second else { throw Refusal(.noChange, "Both parents are the same") }
            return (first - 1, second - 1)
        }
    }

    /// One to three moves of `{"moves": [{"from": "a0", "steps": 1, "to": "m3"}]}`; the list alone will do.
    func moves(in text: String) throws(Refusal) -> [Move] {
        try Self.read(text) { value throws(Refusal) in
            guard case .list(let list) = Self.member("moves", of: value) ?? value else {
                throw Refusal(.malformed, "The reply has no list of moves")
            }
            guard (1...ProposalGrammar.maximumMoves).contains(list.count) else {
                throw Refusal(.wrongLength, "\(list.count) moves in place of 1 to \(ProposalGrammar.maximumMoves)")
            }
            var moves: [Move] = []
            for item in list { moves.append(try move(of: item)) }
            return moves
        }
    }

    // MARK: Parts of a reply

    private func row(of levels: ReplyJSON) throws(Refusal) -> [Int] {
        let numbers: [ReplyJSON]
        switch levels {
        case .list(let list):
            guard list.count == labels.count else {
                throw Refusal(.wrongLength, "\(list.count) levels in place of \(labels.count)")
            }
            numbers = list
        case .object(let named):
            if let stranger = named.keys.filter({ places[$0] == nil }).min() {
                throw Refusal(.unknownName, "There is no part \(Self.quoted(stranger))")
            }
            let missing = labels.filter { named[$0] == nil }
            guard missing.isEmpty else {
                throw Refusal(
                    .wrongLength, "\(named.count) levels in place of \(labels.count); \(missing[0]) is missing")
            }
            numbers = labels.compactMap { named[$0] }
        default:
            throw Refusal(.malformed, "The levels are neither an object nor a list")
        }
        var row: [Int] = []
        for (place, number) in numbers.enumerated() {
            row.append(try Self.integer(number, in: 0...genes[place].top, "The level of \(labels[place])"))
        }
        return row
    }

    private func move(of item: ReplyJSON) throws(Refusal) -> Move {
        guard let steps = Self.member("steps", of: item) else { throw Refusal(.malformed, "A move has no steps") }
        return Move(
            from: try part(Self.member("from", of: item)), to: try part(Self.member("to", of: item)),
            steps: try Self.integer(steps, in: 1...ProposalGrammar.maximumSteps, "The number of steps of a move"))
    }

    private func part(_ value: ReplyJSON?) throws(Refusal) -> Int {
        guard case .string(let name) = value else {
            throw Refusal(.malformed, "A move does not name its parts")
        }
        guard let place = places[name] else {
            throw Refusal(.unknownName, "There is no part \(Self.quoted(name))")
        }
        return place
    }

    private static func integer(
        _ value: ReplyJSON, in range: ClosedRange<Int>, _ what: String, _ reason: Rejection.Reason = .outOfRange
    ) throws(Refusal) -> Int {
        guard case .number(let number) = value else { throw Refusal(.outOfRange, "\(what) is not a number") }
        guard let integer = Int(exactly: number) else { throw Refusal(.outOfRange, "\(what) is not an integer") }
        guard range.contains(integer) else {
            throw Refusal(reason, "\(what) is not in \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    private static func member(_ name: String, of value: ReplyJSON) -> ReplyJSON? {
        guard case .object(let members) = value else { return nil }
        return members[name]
    }

    // MARK: Finding it

    /// Values that are tried, from the last one backwards.
    private static let maximumTrials = 64

    private static func read<Value>(
        _ text: String, _ reader: (ReplyJSON) throws(Refusal) -> Value
    ) throws(Refusal) -> Value {
        let values = ReplyJSON.values(in: text)
        let objects = values.filter(\.isObject)
        var refusal: Refusal?
        // A list beside objects is one that the words around them mention.
        for value in (objects.isEmpty ? values : objects).suffix(maximumTrials).reversed() {
            do { return try reader(value) } catch { refusal = refusal ?? error }
        }
        throw refusal ?? Refusal(.malformed, "The reply has no JSON in it: \(quoted(text))")
    }

    /// A line of what a model wrote, fit for a report.
    static func quoted(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let line = scalars.prefix(80).map { scalar -> Character in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: " "
            default: Character(scalar)
            }
        }
        return "“\(String(line))\(scalars.dropFirst(80).isEmpty ? "" : "…")”"
    }
}

import Foundation
import Search

/// Reads what a chat model answered. Nothing in it is trusted: it is JSON of one of three forms, or it is refused.
struct ChatReplies: Sendable {
    let labels: [String]
    let genes: [Gene]

    /// Why a reply is of no use.
    struct Refusal: Error, Equatable {
        var reason: Rejection.Reason
        var detail: String
    }

    /// Gene values of `{"levels": {"a0": 3, …}}`; a list of as many integers will do, with or without the outer object.
    func levels(in text: String) throws(Refusal) -> [Int] {
        let value = try Self.object(in: text)
        let levels = value["levels"] ?? value
        let numbers: [Any]
        if let list = levels as? [Any] {
            guard list.count == labels.count else {
                throw Refusal(reason: .wrongLength, detail: "\(list.count) levels in place of \(labels.count)")
            }
            numbers = list
        } else if let named = levels as? [String: Any] {
            if let stranger = named.keys.sorted().first(where: { !labels.contains($0) }) {
                throw Refusal(reason: .unknownName, detail: "There is no part \(Self.quoted(stranger))")
            }
            let missing = labels.filter { named[$0] == nil }
            guard missing.isEmpty else {
                throw Refusal(
                    reason: .wrongLength,
                    detail:
                        "\(labels.count - missing.count) levels in place of \(labels.count); \(missing[0]) is missing"
                )
            }
            numbers = labels.compactMap { named[$0] }
        } else {
            throw Refusal(reason: .malformed, detail: "The levels are neither an object nor a list")
        }
        var row: [Int] = []
        for (place, number) in numbers.enumerated() {
            row.append(try Self.integer(number, in: 0...genes[place].top, "the level of \(labels[place])"))
        }
        return row
    }

    /// Two different places, from 0, of `{"parents": [1, 3]}`.
    static func parents(in text: String, of count: Int) throws(Refusal) -> (Int, Int) {
        guard let list = try object(in: text)["parents"] as? [Any] else {
            throw Refusal(reason: .malformed, detail: "The reply has no list of parents")
        }
        guard list.count == 2 else {
            throw Refusal(reason: .wrongLength, detail: "\(list.count) parents in place of 2")
        }
        let first = try integer(list[0], in: 1...max(count, 1), "the first parent")
        let second = try integer(list[1], in: 1...max(count, 1), "the second parent")
        guard first != second else { throw Refusal(reason: .noChange, detail: "Both parents are the same") }
        return (first - 1, second - 1)
    }

    /// One to three moves of `{"moves": [{"from": "a0", "steps": 1, "to": "m3"}]}`.
    func moves(in text: String) throws(Refusal) -> [Move] {
        guard let list = try Self.object(in: text)["moves"] as? [Any] else {
            throw Refusal(reason: .malformed, detail: "The reply has no list of moves")
        }
        guard (1...ProposalGrammar.maximumMoves).contains(list.count) else {
            throw Refusal(
                reason: .wrongLength, detail: "\(list.count) moves in place of 1 to \(ProposalGrammar.maximumMoves)")
        }
        var moves: [Move] = []
        for item in list {
            guard let move = item as? [String: Any], let steps = move["steps"] else {
                throw Refusal(reason: .malformed, detail: "A move has no steps")
            }
            moves.append(
                Move(
                    from: try part(move["from"]), to: try part(move["to"]),
                    steps: try Self.integer(steps, in: 1...ProposalGrammar.maximumSteps, "the steps of a move")))
        }
        return moves
    }

    private func part(_ value: Any?) throws(Refusal) -> Int {
        guard let name = value as? String else {
            throw Refusal(reason: .malformed, detail: "A move does not name its parts")
        }
        guard let place = labels.firstIndex(of: name) else {
            throw Refusal(reason: .unknownName, detail: "There is no part \(Self.quoted(name))")
        }
        return place
    }

    /// The first JSON object in a text: models like to put words or a code fence around it.
    private static func object(in text: String) throws(Refusal) -> [String: Any] {
        let bytes = Array(text.utf8)
        guard let start = bytes.firstIndex(of: UInt8(ascii: "{")), let end = Self.end(of: bytes, from: start),
            let object = try? JSONSerialization.jsonObject(with: Data(bytes[start...end])) as? [String: Any]
        else { throw Refusal(reason: .malformed, detail: "The reply is no JSON object: \(quoted(text))") }
        return object
    }

    /// The brace that closes the one at `start`.
    private static func end(of bytes: [UInt8], from start: Int) -> Int? {
        var (depth, isText, isEscaped) = (0, false, false)
        for (place, byte) in bytes.enumerated().dropFirst(start) {
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                // No form that is asked for is deeper than three.
                if depth > 16 { return nil }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return place }
            default: break
            }
        }
        return nil
    }

    private static func integer(
        _ value: Any, in range: ClosedRange<Int>, _ what: String
    ) throws(Refusal) -> Int {
        // JSON's true and false are numbers to Foundation.
        guard let number = value as? NSNumber, !(value is Bool) || isNumeric(number) else {
            throw Refusal(reason: .outOfRange, detail: "\(what) is no number")
        }
        let double = number.doubleValue
        guard let integer = Int(exactly: double), range.contains(integer) else {
            throw Refusal(
                reason: .outOfRange, detail: "\(what) is not in \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    private static func isNumeric(_ number: NSNumber) -> Bool {
        // `c` and `B` are the encodings of Boolean values.
        let type = String(cString: number.objCType)
        return type != "c" && type != "B"
    }

    /// A line of what a model wrote, fit for a report.
    static func quoted(_ text: String) -> String {
        let line = text.unicodeScalars.prefix(80).map { scalar -> Character in
            scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
                || scalar == "\n" || scalar == "\u{2028}" || scalar == "\u{2029}" ? " " : Character(scalar)
        }
        return "“\(String(line))\(text.unicodeScalars.count > 80 ? "…" : "")”"
    }
}

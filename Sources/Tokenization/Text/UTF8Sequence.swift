/// What stands at one place of a text that ought to be UTF-8 (Unicode 15, table 3-7).
enum UTF8Sequence: Equatable {
    /// One scalar of that many bytes.
    case scalar(Int)
    /// A maximal ill-formed subpart of that many bytes: what one U+FFFD stands for.
    case illFormed(Int)
    /// The text ends within a sequence that is sound so far.
    case incomplete(Int)

    /// Reads at `position`, which must be an index of `bytes`.
    static func at(_ position: Int, in bytes: [UInt8]) -> UTF8Sequence {
        let lead = bytes[position]
        if lead < 0x80 { return .scalar(1) }
        let length: Int
        var allowed: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, allowed) = (3, 0xA0...0xBF)
        case 0xED: (length, allowed) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, allowed) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, allowed) = (4, 0x80...0x8F)
        default: return .illFormed(1)
        }
        for offset in 1..<length {
            guard position + offset < bytes.count else { return .incomplete(offset) }
            guard allowed.contains(bytes[position + offset]) else { return .illFormed(offset) }
            allowed = 0x80...0xBF
        }
        return .scalar(length)
    }
}

/// The package's one rule for malformed UTF-8: each maximal ill-formed subpart becomes one U+FFFD, as the Unicode
/// standard recommends and as Python's `errors="replace"` does.
enum UTF8Repair {
    static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    static func isWellFormed(_ bytes: [UInt8]) -> Bool { firstFault(in: bytes) == nil }

    /// The text itself where it is well formed.
    static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        guard let fault = firstFault(in: bytes) else { return bytes }
        var result = Array(bytes[..<fault])
        let rest = take(from: bytes, at: fault, isFinal: true, into: &result)
        precondition(rest == bytes.count)
        return result
    }

    /// Appends the repaired text from `start` on, and returns where it stopped: at the end or, unless `isFinal`, at the
    /// start of an incomplete last sequence.
    static func take(from bytes: [UInt8], at start: Int, isFinal: Bool, into result: inout [UInt8]) -> Int {
        var position = start
        while position < bytes.count {
            switch UTF8Sequence.at(position, in: bytes) {
            case .scalar(let length):
                result.append(contentsOf: bytes[position..<position + length])
                position += length
            case .illFormed(let length):
                result.append(contentsOf: replacement)
                position += length
            case .incomplete(let length):
                guard isFinal else { return position }
                result.append(contentsOf: replacement)
                position += length
            }
        }
        return position
    }

    private static func firstFault(in bytes: [UInt8]) -> Int? {
        var position = 0
        while position < bytes.count {
            if bytes[position] < 0x80 {
                position += 1
            } else if case .scalar(let length) = UTF8Sequence.at(position, in: bytes) {
                position += length
            } else {
                return position
            }
        }
        return nil
    }
}

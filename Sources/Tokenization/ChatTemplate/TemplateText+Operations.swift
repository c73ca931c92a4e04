/// Python's methods of `str`, on code points.
extension [Unicode.Scalar] {
    enum Ends {
        case both, leading, trailing
    }

    /// Without the scalars of `set`, or white space, at its ends.
    func stripped(_ ends: Ends, of set: Set<Unicode.Scalar>? = nil) -> [Unicode.Scalar] {
        func isStripped(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? scalar.isTemplateSpace }
        var slice = self[...]
        if ends != .trailing { slice = slice.drop(while: isStripped) }
        if ends != .leading {
            while let last = slice.last, isStripped(last) { slice.removeLast() }
        }
        return Array(slice)
    }

    var uppercased: [Unicode.Scalar] { flatMap { Array($0.properties.uppercaseMapping.unicodeScalars) } }
    var lowercased: [Unicode.Scalar] { flatMap { Array($0.properties.lowercaseMapping.unicodeScalars) } }

    /// First letter in title case, the rest in lower case.
    var capitalized: [Unicode.Scalar] {
        guard let first else { return [] }
        return Array(first.properties.titlecaseMapping.unicodeScalars) + Array(dropFirst()).lowercased
    }

    /// Letters in upper case where a word begins, else in lower case. A word begins after a scalar that `separates`.
    func titlecased(after separates: (Unicode.Scalar) -> Bool) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var beginsWord = true
        for scalar in self {
            let properties = scalar.properties
            result += (beginsWord ? properties.titlecaseMapping : properties.lowercaseMapping).unicodeScalars
            beginsWord = separates(scalar)
        }
        return result
    }

    /// Pieces between runs of white space, at most `limit` cuts.
    func splitAtSpace(limit: Int?) -> [[Unicode.Scalar]] {
        var pieces: [[Unicode.Scalar]] = []
        var rest = self[...].drop { $0.isTemplateSpace }
        while !rest.isEmpty {
            if let limit, pieces.count >= limit {
                pieces.append(Array(rest).stripped(.trailing))
                break
            }
            let end = rest.firstIndex { $0.isTemplateSpace } ?? rest.endIndex
            pieces.append(Array(rest[..<end]))
            rest = rest[end...].drop { $0.isTemplateSpace }
        }
        return pieces
    }

    /// Lines without their ends, as `str.splitlines` has them.
    var lines: [[Unicode.Scalar]] {
        var lines: [[Unicode.Scalar]] = []
        var start = 0
        var index = 0
        while index < count {
            switch self[index].value {
            case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
                lines.append(Array(self[start..<index]))
                if self[index] == "\r" && index + 1 < count && self[index + 1] == "\n" { index += 1 }
                start = index + 1
            default: break
            }
            index += 1
        }
        if start < count { lines.append(Array(self[start...])) }
        return lines
    }
}

extension TemplateInterpreter {
    /// Where `part` first occurs in `text` at or after `start` (Knuth, Morris and Pratt: linear in both).
    mutating func find(
        _ part: TemplateText, in text: TemplateText, from start: Int
    ) throws(ChatTemplateError) -> Int? {
        try find(part, in: text, from: start, limit: 1).first
    }

    /// Where `part` occurs in `text` without overlaps, at most `limit` times. An empty part occurs only at `start`.
    mutating func find(
        _ part: TemplateText, in text: TemplateText, from start: Int, limit: Int
    ) throws(ChatTemplateError) -> [Int] {
        try spend(part.count + max(0, text.count - start))
        guard limit > 0, start <= text.count else { return [] }
        guard !part.isEmpty else { return [start] }
        guard part.count <= text.count - start else { return [] }
        // borders[i]: the longest proper prefix of part that ends at i.
        var borders = [0]
        var matched = 0
        for index in 1..<max(1, part.count) {
            while matched > 0 && part[index] != part[matched] { matched = borders[matched - 1] }
            if part[index] == part[matched] { matched += 1 }
            borders.append(matched)
        }
        var found: [Int] = []
        matched = 0
        for index in start..<text.count {
            while matched > 0 && text[index] != part[matched] { matched = borders[matched - 1] }
            if text[index] == part[matched] { matched += 1 }
            if matched == part.count {
                found.append(index + 1 - matched)
                if found.count >= limit { break }
                matched = 0
            }
        }
        return found
    }

    /// `text` cut at every `separator`, at most `limit` times.
    mutating func split(
        _ text: TemplateText, at separator: TemplateText, limit: Int
    ) throws(ChatTemplateError) -> [TemplateText] {
        guard !separator.isEmpty else { throw error(.type, "a string cannot be split at an empty separator") }
        var pieces: [TemplateText] = []
        var start = 0
        for place in try find(separator, in: text, from: 0, limit: limit) {
            pieces.append(Array(text[start..<place]))
            start = place + separator.count
        }
        pieces.append(Array(text[start...]))
        return pieces
    }

    mutating func replace(
        _ old: TemplateText, with new: TemplateText, in text: TemplateText, limit: Int
    ) throws(ChatTemplateError) -> TemplateText {
        var result: TemplateText = []
        if old.isEmpty {
            // Between all scalars, and at both ends.
            let count = min(limit, text.count + 1)
            try spend(text.count + (count.multipliedReportingOverflow(by: new.count).partialValue))
            for (index, scalar) in text.enumerated() {
                if index < count { result += new }
                result.append(scalar)
            }
            return count > text.count ? result + new : result
        }
        let places = try find(old, in: text, from: 0, limit: limit)
        let (added, overflow) = places.count.multipliedReportingOverflow(by: new.count)
        try spend(overflow ? Int.max : added)
        var start = 0
        for place in places {
            result += text[start..<place]
            result += new
            start = place + old.count
        }
        return result + text[start...]
    }
}

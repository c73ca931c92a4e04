/// One encoding of one text: cuts it into words and asks the model for each, remembering short words.
struct TextEncoder {
    private static let longestCachedWord = 48
    private static let largestCache = 1 << 16

    private let steps: [TokenizerDefinition.PreTokenizerStep]
    private let model: Tokenizer.Model
    private let classes = TextClassTable.shared
    private(set) var ids: [Int32] = []

    private var cachedWords = ByteStringTable()
    /// Where the tokens of each cached word lie in `cachedTokens`.
    private var cachedEnds: [Int] = [0]
    private var cachedTokens: [Int32] = []

    init(steps: [TokenizerDefinition.PreTokenizerStep], model: Tokenizer.Model) {
        self.steps = steps
        self.model = model
    }

    mutating func append(_ id: Int32) { ids.append(id) }

    /// Appends the ids of `text[low..<high]`, well-formed and normalised.
    /// - Parameter isStart: the piece stands at the very start of the whole text.
    mutating func encode(_ text: [UInt8], _ low: Int, _ high: Int, isStart: Bool) {
        run(0, text, low, high, isStart)
    }

    private mutating func run(_ index: Int, _ text: [UInt8], _ low: Int, _ high: Int, _ isStart: Bool) {
        if low >= high { return }
        guard index < steps.count else { return words(text, low, high) }
        switch steps[index] {
        case .pattern(let pattern):
            var start = low
            while start < high {
                let end = pattern.end(from: start, in: text, high, classes)
                run(index + 1, text, start, end, isStart && start == low)
                start = end
            }
        case .digits(let individual):
            var start = low
            while start < high {
                let end = digitsEnd(text, start, high, individual)
                run(index + 1, text, start, end, isStart && start == low)
                start = end
            }
        case .literal(let pattern, let behavior, let inverted):
            for piece in LiteralSplit(pattern, behavior, inverted).pieces(of: text, low, high) {
                run(index + 1, text, piece.low, piece.high, isStart && piece.low == low)
            }
        case .byteLevel(let addsPrefixSpace, let splitsWords):
            if addsPrefixSpace, text[low] != 0x20 {
                let spaced = [0x20] + text[low..<high]
                byteLevelWords(spaced, 0, spaced.count, splitsWords)
            } else {
                byteLevelWords(text, low, high, splitsWords)
            }
        case .metaspace(let replacement, let scheme, let splits):
            var spaced = Array(text[low..<high]).replacing([0x20], with: replacement)
            if scheme == .always || (scheme == .first && isStart), !spaced.occurs(replacement, at: 0) {
                spaced = replacement + spaced
            }
            var start = 0
            while start < spaced.count {
                var end = start + 1
                while end < spaced.count, !(splits && spaced.occurs(replacement, at: end)) { end += 1 }
                run(index + 1, spaced, start, end, isStart && start == 0)
                start = end
            }
        }
    }

    private func digitsEnd(_ text: [UInt8], _ start: Int, _ high: Int, _ individual: Bool) -> Int {
        let (kind, length) = classes.at(start, in: text)
        var end = start + length
        if individual, kind.contains(.digit) { return end }
        while end < high {
            let (next, length) = classes.at(end, in: text)
            if next.contains(.digit) != kind.contains(.digit) { break }
            end += length
        }
        return end
    }

    private mutating func byteLevelWords(_ text: [UInt8], _ low: Int, _ high: Int, _ splitsWords: Bool) {
        guard splitsWords else { return word(text, low, high) }
        var start = low
        while start < high {
            let end = WordPattern.gpt2.end(from: start, in: text, high, classes)
            word(text, start, end)
            start = end
        }
    }

    /// A piece that no step cuts further; it may still be cut where no merge can cross.
    private mutating func words(_ text: [UInt8], _ low: Int, _ high: Int) {
        guard case .bytePair(let model) = model, let separator = model.separator, !model.ignoresMerges else {
            return word(text, low, high)
        }
        var start = low
        var position = low
        var follows = true
        while position < high {
            if text[position] == separator[0], text.occurs(separator, at: position) {
                if !follows {
                    word(text, start, position)
                    start = position
                }
                follows = true
                position += separator.count
            } else {
                follows = false
                position += 1
            }
        }
        word(text, start, high)
    }

    private mutating func word(_ text: [UInt8], _ low: Int, _ high: Int) {
        if low >= high { return }
        guard high - low <= Self.longestCachedWord else { return encodeWord(text, low, high) }
        let hash = ByteStringTable.hash(text, low, high)
        let index = cachedWords.find(text, low, high, hash: hash)
        if index >= 0 {
            for place in cachedEnds[index]..<cachedEnds[index + 1] { ids.append(cachedTokens[place]) }
            return
        }
        let before = ids.count
        encodeWord(text, low, high)
        if cachedWords.count < Self.largestCache {
            cachedWords.insert(text, low, high, hash: hash)
            cachedTokens.append(contentsOf: ids[before...])
            cachedEnds.append(cachedTokens.count)
        }
    }

    private mutating func encodeWord(_ text: [UInt8], _ low: Int, _ high: Int) {
        switch model {
        case .bytePair(let model): model.encode(text, low, high, into: &ids)
        case .unigram(let model): model.encode(text, low, high, into: &ids)
        }
    }
}

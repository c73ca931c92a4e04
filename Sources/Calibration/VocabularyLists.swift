import Models

/// Windows of lists of tokens drawn from the whole vocabulary, each list twice in a row, to stand among those of a
/// calibration text.
///
/// A text of 65,536 tokens has a fifth of a vocabulary of 49,152, and little in it is copied from earlier in the same
/// window. What a model needs for other tokens, and to go on as a text began, seems unused on it and is cut first. Random
/// tokens that are repeated are what induction heads are found by (Olsson et al.: *In-context Learning and Induction
/// Heads*, arXiv 2209.11895).
package struct VocabularyLists: Sendable {
    /// Tokens of a list at most: what comes again is within a thousand tokens, the length that gradients are taken over.
    package static let listLength = 512

    /// Windows, each of `length` tokens.
    package let windows: [[Int32]]

    /// Draws without replacement, so that few lists show much of the vocabulary; the same windows each time.
    /// - Parameter vocabulary: tokens to draw from; without any there are no windows.
    package init(count: Int, length: Int, vocabulary: [Int32]) {
        guard !vocabulary.isEmpty, length >= 2 else {
            windows = []
            return
        }
        var generator = SplitMix64(seed: 0)
        var order = vocabulary
        var next = order.count
        func draw() -> Int32 {
            if next == order.count {
                // Fisher and Yates.
                for last in stride(from: order.count - 1, to: 0, by: -1) {
                    order.swapAt(last, Int(generator.next() % UInt64(last + 1)))
                }
                next = 0
            }
            defer { next += 1 }
            return order[next]
        }
        let list = min(Self.listLength, (length + 1) / 2)
        windows = (0..<count).map { _ in
            var window: [Int32] = []
            while window.count < length {
                let tokens = (0..<list).map { _ in draw() }
                window += tokens + tokens
            }
            return Array(window.prefix(length))
        }
    }

    /// The text's windows with those of lists in place of its last ones, evenly spread.
    /// - Parameters:
    ///   - text: windows; all but the last of one length.
    ///   - share: of the windows that become lists; of one window there is nothing to take.
    package static func mixed(into text: [[Int32]], share: Double, vocabulary: [Int32]) -> [[Int32]] {
        let count = min(Int((Double(text.count) * share).rounded()), text.count - 1)
        guard count > 0 else { return text }
        let lists = VocabularyLists(count: count, length: text[0].count, vocabulary: vocabulary).windows
        guard lists.count == count else { return text }
        var windows = Array(text.dropLast(count))
        for (index, list) in lists.enumerated() {
            // Each in the middle of its part of the text; those before it are in their places already.
            windows.insert(list, at: (2 * index + 1) * text.count / (2 * count))
        }
        return windows
    }
}

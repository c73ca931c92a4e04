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
}

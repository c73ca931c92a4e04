/// How a perplexity was measured. Perplexity is not one number; every figure carries this.
package struct PerplexityProtocol: Sendable, Codable, Equatable {
    /// The text's name.
    package var corpus: String
    /// How the text was put together from the file.
    package var joiner: String
    /// Tokens of one window.
    package var sequenceLength: Int
    /// Tokens from one window's start to the next one's.
    package var stride: Int
    /// Each window starts with the begin-of-text token.
    package var beginOfText: Bool
    package var precision: String

    package init(
        corpus: String, joiner: String, sequenceLength: Int, stride: Int, beginOfText: Bool, precision: String
    ) {
        self.corpus = corpus
        self.joiner = joiner
        self.sequenceLength = sequenceLength
        self.stride = stride
        self.beginOfText = beginOfText
        self.precision = precision
    }
}

/// Consecutive, non-overlapping windows of a token stream. A last window that is not full is dropped, unless it is the
/// only one: the convention of the pruning literature.
package struct TextWindows: Sendable {
    package let windows: [[Int32]]

    /// - Parameters:
    ///   - length: tokens of a window; below two there is nothing to predict and no window.
    ///   - maximumTokens: at most this many tokens of the stream.
    ///   - beginOfText: put before each window, taking one of its places.
    package init(_ tokens: [Int32], length: Int, maximumTokens: Int? = nil, beginOfText: Int32? = nil) {
        guard length >= 2 else {
            windows = []
            return
        }
        let payload = beginOfText == nil ? length : length - 1
        let count = max(0, min(tokens.count, maximumTokens ?? .max))
        let prefix = beginOfText.map { [$0] } ?? []
        if count < payload {
            windows = count + prefix.count < 2 ? [] : [prefix + tokens[..<count]]
            return
        }
        windows = (0..<count / payload).map { prefix + tokens[$0 * payload..<($0 + 1) * payload] }
    }
}

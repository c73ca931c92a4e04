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

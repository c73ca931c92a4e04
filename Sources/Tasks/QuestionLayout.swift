import Models

/// The rows in which one question's choices run: the tokens that all begin with once, then the rest of each.
///
/// The first choice is a sequence of its own; the others are branches of its first rows. The last token of a choice is
/// not run: nothing is predicted from it.
struct QuestionLayout {
    /// Tokens that all choices begin with and run.
    let shared: Int
    /// All rows of the question.
    let rows: Int

    init(_ choices: [EncodedChoice]) {
        guard let first = choices.first else {
            (shared, rows) = (0, 0)
            return
        }
        var common = first.tokens.count - 1
        for choice in choices.dropFirst() {
            let limit = min(common, choice.tokens.count - 1)
            common = (0..<limit).first { first.tokens[$0] != choice.tokens[$0] } ?? limit
        }
        shared = common
        rows = choices.reduce(common) { $0 + $1.tokens.count - 1 - common }
    }

    /// Appends the rows of the question.
    /// - Parameter target: called for each scored token with its choice, and with the row that predicts it.
    func append(
        _ choices: [EncodedChoice], to batch: inout TokenBatch,
        target: (_ choice: Int, _ row: Int, _ token: Int32) -> Void
    ) {
        let start = batch.tokens.count
        for (number, choice) in choices.enumerated() {
            let run = choice.tokens.dropLast()
            var branch = start + shared
            if number == 0 {
                batch.append(run)
            } else if run.count > shared {
                branch = batch.append(run.dropFirst(shared), behind: start..<start + shared).lowerBound
            }
            for position in choice.tokens.count - choice.scored..<choice.tokens.count {
                let before = position - 1
                target(number, before < shared ? start + before : branch + before - shared, choice.tokens[position])
            }
        }
    }
}

/// Fills batches of a fixed size.
enum Packing {
    /// Best fit, the largest first.
    /// - Parameters:
    ///   - sizes: none above `capacity`.
    /// - Returns: indices of `sizes`, each once; their sizes add up to no more than `capacity`. Fullest batches with the
    ///   largest first.
    static func bestFit(_ sizes: [Int], capacity: Int) -> [[Int]] {
        var bins: [[Int]] = []
        // The bins that have so much room left.
        var open = [[Int]](repeating: [], count: capacity + 1)
        for index in sizes.indices.sorted(by: { (sizes[$1], $0) < (sizes[$0], $1) }) {
            let size = sizes[index]
            precondition(size <= capacity, "the batch is too small")
            if let room = (size...capacity).first(where: { !open[$0].isEmpty }), let bin = open[room].popLast() {
                bins[bin].append(index)
                open[room - size].append(bin)
            } else {
                open[capacity - size].append(bins.count)
                bins.append([index])
            }
        }
        return bins
    }
}

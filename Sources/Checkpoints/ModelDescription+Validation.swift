extension ModelDescription {
    /// Limits far above any real model, far enough below `Int.max` that no count of parameters or bytes overflows.
    private enum Limit {
        static let hiddenSize = 1 << 20
        static let vocabularySize = 1 << 24
        static let headSize = 1 << 12
        static let heads = 1 << 12
        static let channels = 1 << 22
        static let contextLength = 1 << 40
        static let blocks = 1 << 12
    }

    /// The description itself, when its numbers make sense together.
    /// - Parameter file: the file to name otherwise.
    /// - Throws: `CheckpointError.badConfiguration`.
    package func validated(file: String) throws(CheckpointError) -> ModelDescription {
        func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(CheckpointError) {
            if !condition { throw CheckpointError(.badConfiguration, message(), file: file) }
        }
        func require(_ value: Int, _ name: String, upTo limit: Int) throws(CheckpointError) {
            try require((1...limit).contains(value), "the \(name) is \(value), not between 1 and \(limit)")
        }
        try require(hiddenSize, "hidden size", upTo: Limit.hiddenSize)
        try require(vocabularySize, "vocabulary size", upTo: Limit.vocabularySize)
        try require(headSize, "head size", upTo: Limit.headSize)
        try require(headSize % 2 == 0, "the head size is \(headSize), which rotary embedding cannot halve")
        try require(contextLength, "context length", upTo: Limit.contextLength)
        try require(blocks.count, "number of blocks", upTo: Limit.blocks)
        try require(
            normEpsilon.isFinite && normEpsilon > 0 && normEpsilon < 1,
            "the norm's epsilon is \(normEpsilon), not between 0 and 1")
        try require(rope.theta.isFinite && rope.theta > 0, "the rotary base is \(rope.theta), not positive")
        try validateScaling(require)
        for (index, block) in blocks.enumerated() {
            let (heads, groups) = (block.queryHeads, block.keyValueHeads)
            try require(
                (0...Limit.heads).contains(heads) && (0...Limit.heads).contains(groups),
                "block \(index) has \(heads) query and \(groups) key/value heads, not between 0 and \(Limit.heads)")
            try require(
                groups == 0 ? heads == 0 : heads > 0 && heads % groups == 0,
                "block \(index) has \(heads) query heads, not a multiple of its \(groups) key/value heads")
            try require(
                (0...Limit.channels).contains(block.channels),
                "block \(index) has \(block.channels) channels, not between 0 and \(Limit.channels)")
        }
        for token in endOfTextTokens + [beginOfTextToken].compactMap({ $0 }) {
            try require(
                (0..<vocabularySize).contains(token),
                "the special token \(token) is outside the vocabulary of \(vocabularySize)")
        }
        return self
    }

    private func validateScaling(
        _ require: (Bool, @autoclosure () -> String) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        func isPositive(_ value: Double) -> Bool { value.isFinite && value > 0 }
        switch rope.scaling {
        case .none: break
        case .linear(let factor):
            try require(isPositive(factor), "the rotary scaling factor is \(factor), not positive")
        case .llama3(let factor, let low, let high, let context):
            try require(
                isPositive(factor) && isPositive(low) && isPositive(high) && low < high && context > 0,
                "the rotary scaling is not a positive factor, low < high frequency factors and a context length")
        case .divisors(let divisors):
            try require(
                divisors.count == headSize / 2,
                "the rotary scaling has \(divisors.count) divisors, not one for each of \(headSize / 2) frequencies")
            try require(
                divisors.allSatisfy { $0.isFinite && $0 > 0 }, "a divisor of the rotary frequencies is not positive")
        }
    }
}

import RealModule

/// The K most probable next tokens of each position, and what probability is left for all others: all that a
/// divergence needs of the dense model.
package struct TopLogProbabilities: Sendable {
    package let count: Int
    /// [positions, count], ascending token ids.
    package var tokens: [Int32] = []
    /// [positions, count], natural logarithms, in the order of `tokens`.
    package var logProbabilities: [Float] = []

    package init(count: Int) { self.count = count }

    package var positions: Int { count == 0 ? 0 : tokens.count / count }
}

extension OutputHead {
    /// −log p(target) of each row, in nats.
    /// - Parameter hidden: `weights.precision` [rows, width].
    package func negativeLogLikelihoods(
        _ hidden: UnsafeRawPointer, targets: [Int32]
    ) throws(KernelError) -> [Float] {
        let (normalizer, logits) = try normalizers(hidden, targets: targets)
        return targets.indices.map { normalizer.value($0) - logits.floats[$0] }
    }

    /// log p(target) of each row, in nats, and whether no token is more probable.
    /// - Parameter hidden: `weights.precision` [rows, width].
    package func targetScores(
        _ hidden: UnsafeRawPointer, targets: [Int32]
    ) throws(KernelError) -> [(logProbability: Float, isGreedy: Bool)] {
        if targets.isEmpty { return [] }
        let (normalizer, logits) = try normalizers(hidden, targets: targets)
        return targets.indices.map { row in
            (logits.floats[row] - normalizer.value(row), logits.floats[row] >= normalizer.peak(row))
        }
    }

    /// log Σ exp of each row's logits, and the logit of its target.
    private func normalizers(
        _ hidden: UnsafeRawPointer, targets: [Int32]
    ) throws(KernelError) -> (LogSumExp, AlignedBuffer) {
        let normalizer = LogSumExp(rows: targets.count)
        let targetLogits = AlignedBuffer(floats: targets.count)
        try stream(hidden, rows: targets.count) { tile in
            for row in 0..<tile.rows {
                let token = Int(targets[tile.firstRow + row]) - tile.firstToken
                if token >= 0 && token < tile.tokens {
                    targetLogits.floats[tile.firstRow + row] = tile.logits[row * tile.tokens + token]
                }
            }
            normalizer.add(tile)
        }
        return (normalizer, targetLogits)
    }

    /// The `count` most probable tokens of each row.
    package func topLogProbabilities(
        _ hidden: UnsafeRawPointer, rows: Int, count: Int
    ) throws(KernelError) -> TopLogProbabilities {
        let count = min(count, weights.vocabularySize)
        let normalizer = LogSumExp(rows: rows)
        let selections = TopSelection(rows: rows, count: count)
        try stream(hidden, rows: rows) { tile in
            selections.add(tile)
            normalizer.add(tile)
        }
        var result = TopLogProbabilities(count: count)
        for row in 0..<rows {
            let logSum = normalizer.value(row)
            for (token, logit) in selections.sortedByToken(row) {
                result.tokens.append(token)
                result.logProbabilities.append(logit - logSum)
            }
        }
        return result
    }

    /// KL(dense ‖ this model) of each row in nats, over the dense model's top tokens and the rest as one event: a lower
    /// bound of the whole divergence.
    package func divergences(
        _ hidden: UnsafeRawPointer, rows: Int, from dense: TopLogProbabilities
    ) throws(KernelError) -> [Float] {
        let count = dense.count
        let normalizer = LogSumExp(rows: rows)
        let gathered = AlignedBuffer(floats: rows * count)
        precondition(rows <= dense.positions)
        let cursors = UnsafeMutablePointer<Int>.allocate(capacity: rows)
        cursors.initialize(repeating: 0, count: rows)
        defer { cursors.deallocate() }
        let tokens = dense.tokens
        try stream(hidden, rows: rows) { tile in
            tokens.withUnsafeBufferPointer { tokens in
                for row in 0..<tile.rows {
                    let position = tile.firstRow + row
                    let wanted = tokens.baseAddress! + position * count
                    let logits = tile.logits + row * tile.tokens
                    var cursor = cursors[position]
                    while cursor < count {
                        let token = Int(wanted[cursor]) &- tile.firstToken
                        if token >= tile.tokens { break }
                        gathered.floats[position * count + cursor] = logits[token]
                        cursor &+= 1
                    }
                    cursors[position] = cursor
                }
            }
            normalizer.add(tile)
        }
        return (0..<rows).map { row in
            let start = row * count
            return Self.divergence(
                dense.logProbabilities[start..<start + count],
                UnsafeBufferPointer(start: gathered.floats + row * count, count: count), normalizer.value(row))
        }
    }

    private static func divergence(
        _ dense: ArraySlice<Float>, _ logits: UnsafeBufferPointer<Float>, _ logSum: Float
    ) -> Float {
        var (divergence, denseMass, mass) = (0.0, 0.0, 0.0)
        for (logP, logit) in zip(dense, logits) {
            let logQ = Double(logit - logSum)
            let p = Double.exp(Double(logP))
            divergence += p * (Double(logP) - logQ)
            denseMass += p
            mass += Double.exp(logQ)
        }
        // Float rounding of the sums leaves rests of about 1e-6 where there are none.
        let (restP, restQ) = (max(1 - denseMass, 1e-6), max(1 - mass, 1e-6))
        return Float(divergence + restP * (Double.log(restP) - Double.log(restQ)))
    }
}

/// The gradient of log p(y) with respect to the logits, at tokens y drawn from p itself.
package enum PredictionGradient {
    /// Replaces each row of logits by onehot(y) − p, y being the first token behind which p's running sum exceeds the
    /// row's draw.
    /// - Parameters:
    ///   - logits: float32 [rows, vocabulary], rows `stride` apart: a multiple of 16 that is at least the vocabulary.
    ///   - draws: numbers in 0..<1, [rows].
    /// - Returns: y of each row.
    @discardableResult
    package static func scores(
        _ logits: UnsafeMutablePointer<Float>, rows: Int, vocabulary: Int, stride: Int, draws: [Float]
    ) -> [Int32] {
        precondition(stride >= vocabulary && stride.isMultiple(of: 16) && draws.count == rows)
        return [Int32](unsafeUninitializedCapacity: rows) { targets, count in
            guard let target = targets.baseAddress else { return }
            Threads.forEachChunk(rows, grain: 1) { range in
                for row in range {
                    target[row] = Int32(score(logits + row * stride, vocabulary, draws[row]))
                }
            }
            count = rows
        }
    }

    private static func score(_ row: UnsafeMutablePointer<Float>, _ vocabulary: Int, _ draw: Float) -> Int {
        let inverse = Softmax.exponentiate(row, visible: vocabulary, count: vocabulary, scale: log2e, as: Float.self)
        var target = vocabulary - 1
        var rest = Double(draw)
        for token in 0..<vocabulary {
            rest -= Double(row[token] * inverse)
            if rest < 0 {
                target = token
                break
            }
        }
        for token in 0..<vocabulary { row[token] *= -inverse }
        row[target] += 1
        return target
    }
}

import Kernels

/// Continues one sequence token by token with a key/value cache.
package final class Generator {
    private let model: LlamaModel
    private let workspace: Workspace
    private let cache: KeyValueCache
    private let logits: AlignedBuffer

    /// Prompt tokens that run together.
    private static let chunk = 512

    /// - Parameter capacity: positions of prompt and continuation together, at most `model.maximumPositions`.
    package init(_ model: LlamaModel, capacity: Int) {
        self.model = model
        workspace = Workspace(model, rows: min(Self.chunk, max(capacity, 1)))
        cache = KeyValueCache(model, capacity: min(capacity, model.maximumPositions))
        logits = AlignedBuffer(floats: model.description.vocabularySize)
    }

    /// Positions filled so far.
    package var length: Int { cache.length }

    /// Appends tokens to the sequence.
    /// - Returns: logits of the next token, float32 [vocabulary], valid until the next call.
    /// - Throws: `ModelError` for tokens or lengths out of range, `KernelError`.
    package func append(_ tokens: [Int32]) throws -> UnsafeBufferPointer<Float> {
        guard !tokens.isEmpty else { throw ModelError(.emptyInput, "There are no tokens to continue from") }
        var rows = 0
        for start in stride(from: 0, to: tokens.count, by: workspace.rows) {
            let part = Array(tokens[start..<min(start + workspace.rows, tokens.count)])
            try model.forward(TokenBatch([part]), in: workspace, caches: [cache])
            rows = part.count
        }
        let last = workspace.output + (rows - 1) * model.description.hiddenSize * model.precision.byteCount
        try workspace.head.logits(last, rows: 1, into: logits.floats)
        return UnsafeBufferPointer(start: logits.floats, count: model.description.vocabularySize)
    }
}

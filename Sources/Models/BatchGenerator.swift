import Kernels

/// Continues several sequences that share a prefix, in lock-step: each forward pass reads the weights once for all.
///
/// A sequence's logits differ from those of `Generator` only in rounding: in float32 by less than 1e-4 for logits of
/// the order of 10.
package final class BatchGenerator {
    private let model: LlamaModel
    private let workspace: Workspace
    private let capacity: Int
    /// Allocated when first needed.
    private var caches: [KeyValueCache] = []
    /// Per cache: the leading positions that are those of `prefixCache`.
    private var known: [Int] = []
    /// Allocated with the first prefix.
    private var prefixCache: KeyValueCache?
    private var prefix: [Int32] = []
    /// The head's input, `precision` [sequences, D].
    private let hidden: AlignedBuffer
    /// float32 [sequences, vocabulary]
    private let logits: AlignedBuffer

    /// Sequences that fit.
    package let sequences: Int
    /// Sequences that were started.
    package private(set) var count = 0
    /// Forward passes so far.
    package private(set) var forwardPasses = 0

    /// Rows that run together.
    private static let chunk = 512

    /// - Parameters:
    ///   - capacity: positions of each sequence, the prefix included; at most `model.maximumPositions`.
    ///   - sequences: the most that will run together.
    package init(_ model: LlamaModel, capacity: Int, sequences: Int) {
        precondition(sequences > 0, "there is no sequence")
        self.model = model
        self.sequences = sequences
        self.capacity = min(capacity, model.maximumPositions)
        workspace = Workspace(model, rows: min(Self.chunk, max(capacity, sequences)))
        hidden = AlignedBuffer(byteCount: sequences * model.description.hiddenSize * model.precision.byteCount)
        logits = AlignedBuffer(floats: sequences * model.description.vocabularySize)
    }

    /// Positions of a sequence that are filled.
    package func length(_ sequence: Int) -> Int { caches[sequence].length }

    /// Runs the tokens that all sequences begin with, except those that the last prefix began with too.
    /// - Returns: how many tokens ran.
    /// - Throws: `ModelError` for tokens or lengths out of range, `KernelError`.
    @discardableResult
    package func setPrefix(_ tokens: [Int32]) throws -> Int {
        let common = zip(prefix, tokens).prefix { $0 == $1 }.count
        let prefixCache = prefixCache ?? KeyValueCache(model, capacity: capacity)
        self.prefixCache = prefixCache
        count = 0
        prefix = Array(tokens[..<common])
        prefixCache.length = common
        known = known.map { min($0, common) }
        for start in stride(from: common, to: tokens.count, by: workspace.rows) {
            let part = tokens[start..<min(start + workspace.rows, tokens.count)]
            try model.forward(TokenBatch([Array(part)]), in: workspace, caches: [prefixCache])
            forwardPasses += 1
            prefix += part
        }
        return tokens.count - common
    }

    /// Begins `count` sequences with the prefix, in place of those before.
    package func start(_ count: Int) {
        precondition(count <= sequences, "too many sequences")
        while caches.count < count {
            caches.append(KeyValueCache(model, capacity: capacity))
            known.append(0)
        }
        for index in 0..<count {
            if let prefixCache {
                caches[index].fork(prefixCache, known: known[index])
                known[index] = prefix.count
            } else {
                caches[index].length = 0
            }
        }
        self.count = count
    }

    /// Appends tokens to the sequences; those with nothing to append are left out.
    /// - Returns: logits of each sequence's next token, float32 [count, vocabulary], valid until the next call. The rows
    ///   of sequences that were left out mean nothing.
    /// - Throws: `ModelError` for tokens or lengths out of range, `KernelError`.
    package func append(_ tokens: [[Int32]]) throws -> UnsafeBufferPointer<Float> {
        precondition(tokens.count == count, "tokens are not those of the sequences")
        let active = tokens.indices.filter { !tokens[$0].isEmpty }
        guard !active.isEmpty else { throw ModelError(.emptyInput, "There are no tokens to continue from") }
        let rowSize = model.description.hiddenSize * model.precision.byteCount
        var done = [Int](repeating: 0, count: tokens.count)
        var first = 0
        while first < active.count {
            var parts: [(slot: Int, tokens: [Int32])] = []
            var room = workspace.rows
            for slot in first..<active.count where room > 0 {
                let index = active[slot]
                let part = tokens[index][done[index]...].prefix(room)
                parts.append((slot, Array(part)))
                room -= part.count
            }
            let batch = TokenBatch(parts.map(\.tokens))
            try model.forward(batch, in: workspace, caches: parts.map { caches[active[$0.slot]] })
            forwardPasses += 1
            for (part, rows) in zip(parts, batch.sequences) {
                done[active[part.slot]] += part.tokens.count
                guard done[active[part.slot]] == tokens[active[part.slot]].count else { continue }
                (hidden.address + part.slot * rowSize).copyMemory(
                    from: workspace.output + (rows.upperBound - 1) * rowSize, byteCount: rowSize)
                first = part.slot + 1
            }
        }
        try workspace.head.logits(hidden.address, rows: active.count, into: logits.floats)
        let vocabulary = model.description.vocabularySize
        for (slot, index) in active.enumerated().reversed() where index != slot {
            (logits.floats + index * vocabulary).update(from: logits.floats + slot * vocabulary, count: vocabulary)
        }
        return UnsafeBufferPointer(start: logits.floats, count: count * vocabulary)
    }
}

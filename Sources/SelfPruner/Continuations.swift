import Checkpoints
import Kernels
import Models
import Tokenization

/// Continues many prompts, several at a time, so that the weights are read once for all of them.
///
/// A continuation is the one that `generate` makes, but for rounding: where two tokens are almost equally probable the
/// other one may be taken.
struct Continuations {
    enum FinishReason: String, Sendable {
        case endOfText, length
        /// A text at which the answer ends.
        case stop
    }

    struct Continuation: Sendable {
        /// All that were made, those of a stop among them.
        var ids: [Int32] = []
        /// Without the stop and what is behind it.
        var text = ""
        var finishReason = FinishReason.length
    }

    let tokenizer: Tokenizer
    /// Tokens that end a text.
    let ends: Set<Int32>
    /// Of each continuation, as far as the context allows.
    var maximumTokens: Int
    /// 0 takes the most probable token each time.
    var temperature = 0.0
    /// The prompt with the index i is drawn with the seed `seed + i`, as if it were alone.
    var seed: UInt64 = 0
    /// Not empty, each of them.
    var stops: [String] = []
    /// A continuation goes on in the text of its prompt, and keeps a space between them. The answer of a chat is a text
    /// of its own.
    var continuesText = true

    /// Prompts that run together.
    private static let together = 16
    /// Bytes of the keys and values of all that run together: long prompts run fewer at a time.
    private static let cacheBytes = 512 << 20

    init(_ checkpoint: any Checkpoint, _ tokenizer: Tokenizer, maximumTokens: Int) {
        self.tokenizer = tokenizer
        self.maximumTokens = maximumTokens
        ends = checkpoint.endOfTextTokens(tokenizer)
    }

    /// Positions of the longest prompt with its continuation.
    func positions(_ prompts: [[Int32]], context: Int) -> Int {
        prompts.reduce(1) { max($0, $1.count + min(maximumTokens, max(context - $1.count, 0))) }
    }

    /// - Parameters:
    ///   - prompts: tokens of each, at least one, and fewer than the model's positions.
    ///   - progress: called with the prompts done so far.
    ///   - isCancelled: asked between tokens.
    /// - Returns: one for each prompt, in their order.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    func run(
        _ model: LlamaModel, _ prompts: [[Int32]], progress: (Int) -> Void = { _ in },
        isCancelled: () -> Bool = { false }
    ) throws -> [Continuation] {
        guard !prompts.isEmpty else { return [] }
        let capacity = positions(prompts, context: model.maximumPositions)
        let fitting = Self.cacheBytes / max(1, model.keyValueByteCount * capacity)
        let generator = BatchGenerator(
            model, capacity: capacity, sequences: max(1, min(Self.together, fitting, prompts.count)))
        var results = [Continuation](repeating: Continuation(), count: prompts.count)
        // Those of one length run together, so that few wait for the longest.
        let order = prompts.indices.sorted { (prompts[$1].count, $0) < (prompts[$0].count, $1) }
        var done = 0
        for start in stride(from: 0, to: order.count, by: generator.sequences) {
            let group = order[start..<min(start + generator.sequences, order.count)]
            var writers = group.map { index -> Writer in
                var decoder = tokenizer.makeStreamingDecoder(skippingSpecialTokens: true)
                if continuesText { decoder.follow(prompts[index]) }
                return Writer(
                    decoder: decoder,
                    sampler: Sampler(temperature: temperature, seed: seed &+ UInt64(index)),
                    limit: min(maximumTokens, capacity - prompts[index].count), stops: stops.map { Array($0.utf8) })
            }
            generator.start(writers.count)
            var next = group.map { prompts[$0] }
            while next.contains(where: { !$0.isEmpty }) {
                if isCancelled() { throw CancellationError() }
                let logits = try generator.append(next)
                let vocabulary = logits.count / writers.count
                for slot in writers.indices where !next[slot].isEmpty {
                    let row = UnsafeBufferPointer(rebasing: logits[slot * vocabulary..<(slot + 1) * vocabulary])
                    next[slot] = writers[slot].take(row, ends: ends).map { [$0] } ?? []
                    if next[slot].isEmpty {
                        done += 1
                        progress(done)
                    }
                }
            }
            for (index, writer) in zip(group, writers) { results[index] = writer.continuation }
        }
        return results
    }
}

/// One continuation in the making.
private struct Writer {
    var decoder: StreamingDecoder
    var sampler: Sampler
    var limit: Int
    var stops: [[UInt8]]
    var continuation = Continuations.Continuation()
    private var bytes: [UInt8] = []

    init(decoder: StreamingDecoder, sampler: Sampler, limit: Int, stops: [[UInt8]]) {
        self.decoder = decoder
        self.sampler = sampler
        self.limit = limit
        self.stops = stops
    }

    /// Draws the next token.
    /// - Returns: `nil` at the end.
    mutating func take(_ logits: UnsafeBufferPointer<Float>, ends: Set<Int32>) -> Int32? {
        let token = sampler.next(logits)
        if ends.contains(token) { return finish(.endOfText) }
        continuation.ids.append(token)
        if write(decoder.append(token)) { return nil }
        return continuation.ids.count < limit ? token : finish(.length)
    }

    private mutating func finish(_ reason: Continuations.FinishReason) -> Int32? {
        if !write(decoder.finish()) {
            continuation.text = String(decoding: bytes, as: UTF8.self)
            continuation.finishReason = reason
        }
        return nil
    }

    /// - Returns: whether the text has come to a stop.
    private mutating func write(_ piece: String) -> Bool {
        let known = bytes.count
        bytes += piece.utf8
        // A stop may have begun in what was there before.
        let first = stops.compactMap { $0.first(in: bytes, from: max(0, known - $0.count + 1)) }.min()
        guard let first else { return false }
        continuation.text = String(decoding: bytes[..<first], as: UTF8.self)
        continuation.finishReason = .stop
        return true
    }
}

extension [UInt8] {
    /// Where this first occurs in `text`, at `start` or behind it.
    fileprivate func first(in text: [UInt8], from start: Int) -> Int? {
        guard text.count - start >= count else { return nil }
        return (start...text.count - count).first { text[$0..<$0 + count].elementsEqual(self) }
    }
}

extension Checkpoint {
    /// The tokens at which a text ends, by the model and by the tokenizer.
    func endOfTextTokens(_ tokenizer: Tokenizer) -> Set<Int32> {
        Set(description.endOfTextTokens.map(Int32.init(truncatingIfNeeded:)))
            .union([tokenizer.endOfTextToken].compactMap { $0 })
    }
}

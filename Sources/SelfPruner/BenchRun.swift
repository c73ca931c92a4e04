import Checkpoints
import Kernels
import Models
import Tokenization

/// What one process measured of one model: the content of `selfpruner bench-run`.
public struct BenchRun: Sendable, Codable {
    /// From opening the files to a model that is ready: the tokenizer read, the weights read and packed.
    public var loadSeconds: Double
    /// From the prompt's tokens to the first new token, in a process that has run nothing before.
    public var firstTokenSeconds: Double
    /// Of the same prompt once more, when everything that is prepared at the first time is there. Logits are computed of
    /// the last position only.
    public var prefillTokensPerSecond: Double
    /// One token at a time behind the prompt, the most probable one each time.
    public var decodeTokensPerSecond: Double
    /// The largest resident size of the process after loading, one prompt and its continuation; pages of the mapped files
    /// count.
    public var peakMemoryBytes: Int
    public var precision: String
    public var threads: Int
}

/// Measures a model's speed in this process, which should have run nothing before: memory and the first prompt's time are
/// those of the process. `bench` calls it in a process for each run.
/// - Throws: errors that describe themselves in a sentence.
public func benchRun(_ path: String, _ options: BenchOptions) throws -> BenchRun {
    try options.check()
    let precision = try options.compute.apply()
    let clock = ContinuousClock()
    let start = clock.now
    let checkpoint = try openCheckpoint(path)
    try options.check(checkpoint)
    _ = try Tokenizer(checkpoint.tokenizer)
    let model = try LlamaModel(checkpoint, precision: precision, positions: options.positions)
    let loaded = clock.now

    // Which tokens they are makes no difference.
    let vocabulary = checkpoint.description.vocabularySize
    let prompt = (0..<options.promptTokens).map { Int32((7919 * $0 + 100) % vocabulary) }
    var sampler = Sampler(temperature: 0, seed: 0)
    var (first, decode) = (0.0, 0.0)
    do {
        let generator = Generator(model, capacity: options.positions)
        var token = sampler.next(try generator.append(prompt))
        first = (clock.now - loaded) / .seconds(1)
        // Prepares the products of one row.
        token = sampler.next(try generator.append([token]))
        let start = clock.now
        for _ in 0..<options.newTokens { token = sampler.next(try generator.append([token])) }
        decode = (clock.now - start) / .seconds(1)
    }
    let memory = ProcessFigures.peakMemoryBytes

    let generator = Generator(model, capacity: options.positions)
    let again = clock.now
    _ = sampler.next(try generator.append(prompt))
    let prefill = (clock.now - again) / .seconds(1)
    return BenchRun(
        loadSeconds: (loaded - start) / .seconds(1), firstTokenSeconds: first,
        prefillTokensPerSecond: Double(options.promptTokens) / max(prefill, 1e-9),
        decodeTokensPerSecond: Double(options.newTokens) / max(decode, 1e-9), peakMemoryBytes: memory,
        precision: precision.rawValue, threads: Threads.count)
}

import Checkpoints
import Foundation
import Kernels
import Models
import Tokenization

/// What to continue, and how.
public struct GenerateOptions: Sendable {
    public var model: String
    public var prompt: String
    public var maximumTokens = 128
    /// 0 takes the most probable token each time.
    public var temperature = 0.0
    public var seed: UInt64 = 0
    /// The prompt is a user's message, put into the checkpoint's chat template.
    public var usesChatTemplate = false
    /// Goes before the message (chat only).
    public var systemPrompt: String?
    public var compute = ComputeOptions()

    public init(model: String, prompt: String) {
        self.model = model
        self.prompt = prompt
    }
}

/// The content of `selfpruner generate --json`.
public struct GenerationReport: Sendable, Codable {
    public var model: String
    public var promptIds: [Int32]
    public var ids: [Int32]
    public var text: String
    /// `endOfText` or `length`.
    public var finishReason: String
    public var promptTokensPerSecond: Double
    public var tokensPerSecond: Double
    public var temperature: Double
    public var seed: UInt64
    public var precision: String
    public var threads: Int
}

/// Continues a prompt until the end-of-text token or the limit.
/// - Parameter onText: called with each piece of text as it becomes whole.
/// - Throws: errors that describe themselves in a sentence; `CancellationError`; what `onText` throws.
public func generate(
    _ options: GenerateOptions, observer: some RunObserver = SilentObserver(),
    onText: (String) throws -> Void = { _ in }
) throws -> GenerationReport {
    let precision = try options.compute.apply()
    try checkSampling(options.temperature, options.maximumTokens)
    let checkpoint = try openCheckpoint(options.model)
    let tokenizer = try Tokenizer(checkpoint.tokenizer)
    let encoding = try PromptEncoding(options.usesChatTemplate, options.systemPrompt, options.model, tokenizer)
    let prompt = try encoding.tokens(options.prompt)
    let context = checkpoint.description.contextLength
    guard prompt.count < context else {
        throw SelfPrunerError(
            .badOption, "The prompt has \(prompt.count) tokens; the model's context is \(context)")
    }
    let capacity = prompt.count + min(options.maximumTokens, context - prompt.count)
    let model = try loadModel(checkpoint, precision, positions: capacity, observer)

    let generator = Generator(model, capacity: capacity)
    var sampler = Sampler(temperature: options.temperature, seed: options.seed)
    var stream = tokenizer.makeStreamingDecoder(skippingSpecialTokens: true)
    // The answer of a chat is a text of its own.
    if !options.usesChatTemplate { stream.follow(prompt) }
    let ends = checkpoint.endOfTextTokens(tokenizer)
    let clock = ContinuousClock()
    let start = clock.now
    var token = sampler.next(try generator.append(prompt))
    let prefilled = clock.now
    var ids: [Int32] = []
    var text = ""
    var finishReason = "length"
    func emit(_ piece: String) throws {
        text += piece
        if !piece.isEmpty { try onText(piece) }
    }
    while true {
        if observer.isCancelled { throw CancellationError() }
        if ends.contains(token) {
            finishReason = "endOfText"
            break
        }
        ids.append(token)
        try emit(stream.append(token))
        if ids.count == capacity - prompt.count { break }
        token = sampler.next(try generator.append([token]))
    }
    try emit(stream.finish())
    let (prefill, decode) = ((prefilled - start) / .seconds(1), (clock.now - prefilled) / .seconds(1))
    return GenerationReport(
        model: options.model, promptIds: prompt, ids: ids, text: text, finishReason: finishReason,
        promptTokensPerSecond: Double(prompt.count) / max(prefill, 1e-9),
        tokensPerSecond: Double(max(ids.count - 1, 0)) / max(decode, 1e-9), temperature: options.temperature,
        seed: options.seed, precision: precision.rawValue, threads: Threads.count)
}

/// - Throws: `SelfPrunerError.badOption`.
func checkSampling(_ temperature: Double, _ maximumTokens: Int) throws(SelfPrunerError) {
    guard temperature >= 0, temperature.isFinite else {
        throw SelfPrunerError(.badOption, "The temperature must be 0 or more, not \(temperature)")
    }
    guard maximumTokens >= 1 else {
        throw SelfPrunerError(.badOption, "At least 1 token must be generated, not \(maximumTokens)")
    }
}

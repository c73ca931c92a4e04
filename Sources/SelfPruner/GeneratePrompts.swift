import Checkpoints
import Foundation
import Kernels
import Models
import Tasks
import Tokenization

/// Which prompts to continue, and how.
public struct GeneratePromptsOptions: Sendable {
    public var model: String
    /// A file: one prompt a line, or where its name ends in `.jsonl` one JSON object a line with a string `prompt`.
    public var prompts: String
    /// Only the first so many prompts.
    public var limit: Int?
    /// Of each continuation.
    public var maximumTokens = 128
    /// 0 takes the most probable token each time.
    public var temperature = 0.0
    /// Of the first prompt; each one after it has the next number.
    public var seed: UInt64 = 0
    /// Prompts are messages of a user, put into the checkpoint's chat template.
    public var usesChatTemplate = false
    /// Goes before each message (chat only).
    public var systemPrompt: String?
    public var compute = ComputeOptions()

    public init(model: String, prompts: String) {
        self.model = model
        self.prompts = prompts
    }
}

/// The content of `selfpruner generate --prompts --json`.
public struct ContinuationsReport: Sendable, Codable {
    public var model: String
    /// Name of the file of prompts.
    public var prompts: String
    public var continuations: [Continuation]
    public var diversity: Diversity
    /// Made, of all continuations together; several run at a time.
    public var tokensPerSecond: Double
    /// That prompts and continuations took, loading excluded.
    public var seconds: Double
    public var maximumTokens: Int
    public var temperature: Double
    public var seed: UInt64
    public var precision: String
    public var threads: Int

    public struct Continuation: Sendable, Codable, Equatable {
        /// Of the file of prompts, from 1.
        public var line: Int
        public var prompt: String
        /// Without the prompt.
        public var text: String
        /// Made.
        public var tokens: Int
        /// `endOfText` or `length`.
        public var finishReason: String
    }

    /// How varied the texts are, in words: what lies between white space.
    public struct Diversity: Sendable, Codable, Equatable {
        public var texts: Int
        public var words: Int
        /// Distinct n-grams over all n-grams of all texts together (Li et al. 2016); 1 where nothing is said twice.
        public var distinct1: Double?
        public var distinct2: Double?
        public var distinct3: Double?
        /// seq-rep-4 (Welleck et al. 2020): 1 − (4-grams that differ / all 4-grams), the mean over texts; 0 without
        /// repetition.
        public var repetitionRate: Double?

        init(_ texts: [String]) {
            let diversity = TextDiversity(texts)
            self.texts = diversity.texts
            words = diversity.words
            distinct1 = diversity.distinct[0]
            distinct2 = diversity.distinct[1]
            distinct3 = diversity.distinct[2]
            repetitionRate = diversity.repetitionRate
        }
    }
}

/// Continues each prompt of a file until the end-of-text token or the limit, several at a time.
/// - Throws: errors that describe themselves in a sentence; `CancellationError`.
public func generate(
    _ options: GeneratePromptsOptions, observer: some RunObserver = SilentObserver()
) throws -> ContinuationsReport {
    let precision = try options.compute.apply()
    let prompts = try PreparedPrompts(options)
    let checkpoint = try openCheckpoint(options.model)
    let tokenizer = try Tokenizer(checkpoint.tokenizer)
    let encoded = try prompts.encode(options.model, checkpoint, tokenizer)
    let model = try loadModel(checkpoint, precision, positions: encoded.positions, observer)
    let start = ContinuousClock.now
    let continuations = try encoded.run(model, observer, stage: "generate")
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    return ContinuationsReport(
        model: options.model, prompts: prompts.name, continuations: continuations,
        diversity: .init(continuations.map(\.text)),
        tokensPerSecond: Double(continuations.reduce(0) { $0 + $1.tokens }) / max(seconds, 1e-9), seconds: seconds,
        maximumTokens: options.maximumTokens, temperature: options.temperature, seed: options.seed,
        precision: precision.rawValue, threads: Threads.count)
}

/// The prompts of a file, read and checked, for one model or several.
struct PreparedPrompts {
    let options: GeneratePromptsOptions
    let name: String
    let prompts: [PromptFile.Prompt]

    /// - Throws: `TaskError` of the file; `SelfPrunerError.badOption`.
    init(_ options: GeneratePromptsOptions) throws {
        try checkSampling(options.temperature, options.maximumTokens)
        if let limit = options.limit, limit < 1 {
            throw SelfPrunerError(.badOption, "At least 1 prompt is needed, not \(limit)")
        }
        self.options = options
        name = URL(fileURLWithPath: options.prompts).lastPathComponent
        prompts = try PromptFile.read(options.prompts, limit: options.limit)
    }

    /// In the tokens of a model.
    /// - Throws: `SelfPrunerError`: a prompt that is longer than the context, no chat template.
    func encode(_ model: String, _ checkpoint: any Checkpoint, _ tokenizer: Tokenizer) throws -> EncodedPrompts {
        let encoding = try PromptEncoding(options.usesChatTemplate, options.systemPrompt, model, tokenizer)
        let context = checkpoint.description.contextLength
        let tokens = try prompts.map { prompt in
            let tokens = try encoding.tokens(prompt.text)
            guard tokens.count < context else {
                throw SelfPrunerError(
                    .badOption,
                    "The prompt in line \(prompt.line) of \(options.prompts) has \(tokens.count) tokens; the context "
                        + "of \(model) is \(context)")
            }
            return tokens
        }
        var continuations = Continuations(checkpoint, tokenizer, maximumTokens: options.maximumTokens)
        continuations.temperature = options.temperature
        continuations.seed = options.seed
        continuations.continuesText = !options.usesChatTemplate
        return EncodedPrompts(
            prompts: prompts, tokens: tokens, continuations: continuations,
            positions: continuations.positions(tokens, context: context))
    }
}

struct EncodedPrompts {
    let prompts: [PromptFile.Prompt]
    let tokens: [[Int32]]
    let continuations: Continuations
    /// That the model must have.
    let positions: Int

    func run(
        _ model: LlamaModel, _ observer: some RunObserver, stage: String
    ) throws -> [ContinuationsReport.Continuation] {
        let made = try observer.stage(stage, total: prompts.count, unit: "prompts") { progress in
            try continuations.run(model, tokens, progress: progress, isCancelled: { observer.isCancelled })
        }
        return zip(prompts, made).map { prompt, made in
            ContinuationsReport.Continuation(
                line: prompt.line, prompt: prompt.text, text: made.text, tokens: made.ids.count,
                finishReason: made.finishReason.rawValue)
        }
    }
}

import Models
import RealModule
import Search
import Tokenization

/// Has a model write texts of given grammars, several at a time behind a shared prompt.
///
/// A token is drawn from those that keep the text within its grammar. Bytes that the grammar forces are appended
/// without asking, together with the token drawn before them. The keys and values of the shared prompt are computed once
/// and kept for the next call. Equal calls after equal calls give equal texts; in other batches the logits' rounding
/// differs, so that texts may.
package final class ConstrainedSampler {
    /// One text to write.
    package struct Request: Sendable {
        /// The end of the prompt, behind the shared prefix.
        package var suffix: String
        package var grammar: Grammar
        /// 0 takes the most probable token, the lowest id on a tie.
        package var temperature: Double
        package var generator: SeededGenerator

        package init(suffix: String, grammar: Grammar, temperature: Double, generator: SeededGenerator) {
            self.suffix = suffix
            self.grammar = grammar
            self.temperature = temperature
            self.generator = generator
        }
    }

    package struct Output: Sendable {
        /// In the order of the requests.
        package var texts: [String] = []
        /// Per text: log p of its drawn tokens among the allowed ones, at temperature 1, in nats.
        package var logProbabilities: [Double] = []
        package var forwardPasses = 0
        /// Tokens of prompts that ran; those known from the last call did not.
        package var promptTokens = 0
        /// Tokens that were drawn.
        package var sampledTokens = 0
        /// Tokens that the grammar forced behind drawn ones.
        package var forcedTokens = 0
    }

    /// Grammars that are kept compiled.
    private static let keptGrammars = 32

    private let tokenizer: Tokenizer
    private let vocabulary: TokenVocabulary
    private let encoder: FragmentEncoder
    private let batch: BatchGenerator
    private let positions: Int
    private let vocabularySize: Int
    /// Where the model would end a text: end-of-text tokens, and those that begin with a line break.
    private let stops: [Int]
    private var constraints: [Grammar: GrammarConstraint] = [:]

    /// - Parameters:
    ///   - positions: tokens of prompt and text together; at most `model.maximumPositions` are used.
    ///   - sequences: texts that are written at a time.
    /// - Throws: `ProposerError.vocabularyTooSmall` when tokens write nothing at all.
    package init(_ model: LlamaModel, _ tokenizer: Tokenizer, positions: Int, sequences: Int = 8) throws {
        self.tokenizer = tokenizer
        self.positions = max(0, min(positions, model.maximumPositions))
        let size = model.description.vocabularySize
        let vocabulary = TokenVocabulary(tokenizer, size: size)
        guard !vocabulary.tokens.isEmpty else {
            throw ProposerError(.vocabularyTooSmall, "No token of the vocabulary writes any text")
        }
        vocabularySize = size
        self.vocabulary = vocabulary
        encoder = FragmentEncoder(tokenizer, vocabulary)
        batch = BatchGenerator(model, capacity: self.positions, sequences: max(1, sequences))
        let breaks = vocabulary.tokens.map(Int.init).filter { vocabulary.spellings[$0].first == UInt8(ascii: "\n") }
        let ends = model.description.endOfTextTokens + [tokenizer.endOfTextToken].compactMap { $0.map(Int.init) }
        stops = Set(breaks + ends).filter { $0 >= 0 && $0 < size }.sorted()
    }

    /// Writes one text for each request; each is exactly one of its grammar.
    ///
    /// Where a text may end or go on, it ends with the probability of the end-of-text tokens and of those that begin
    /// with a line break.
    /// - Parameters:
    ///   - prefix: what all prompts begin with. Its end is also an end of a token.
    ///   - addingSpecialTokens: adds what the checkpoint puts around every text; `false` behind a chat template.
    /// - Throws: `ProposerError`: `promptTooLong`, `vocabularyTooSmall`, `badGrammar`, or `badPrompt` for a prompt without
    ///   tokens; `ModelError`, `KernelError`, `CancellationError`.
    package func generate(
        prefix: String, requests: [Request], addingSpecialTokens: Bool = true, isCancelled: () -> Bool = { false }
    ) throws -> Output {
        let prefix = tokenizer.encode(prefix, addingSpecialTokens: addingSpecialTokens)
        let passes = batch.forwardPasses
        var output = Output()
        // As many at a time as fit, in calls of about the same size: one text alone costs nearly as much as four.
        let calls = max(1, (requests.count + batch.sequences - 1) / batch.sequences)
        for call in 0..<calls {
            var writers: [Writer] = []
            for request in requests[requests.count * call / calls..<requests.count * (call + 1) / calls] {
                writers.append(try Writer(request, constraint(request.grammar)))
            }
            try run(&writers, behind: prefix, &output, isCancelled)
            output.texts += writers.map { String(decoding: $0.text, as: UTF8.self) }
            output.logProbabilities += writers.map(\.logProbability)
        }
        output.forwardPasses = batch.forwardPasses - passes
        return output
    }

    /// Drops the keys and values that are kept of the last prompt.
    ///
    /// What was computed in other batches differs in rounding, and what is known is not counted again.
    package func forget() throws { try batch.setPrefix([]) }

    private func constraint(_ grammar: Grammar) throws(ProposerError) -> GrammarConstraint {
        if let known = constraints[grammar] { return known }
        let made = try GrammarConstraint(grammar, vocabulary, encoder)
        if constraints.count >= Self.keptGrammars { constraints = [:] }
        constraints[grammar] = made
        return made
    }

    private func run(
        _ writers: inout [Writer], behind prefix: [Int32], _ output: inout Output, _ isCancelled: () -> Bool
    ) throws {
        guard writers.contains(where: { !$0.isDone }) else { return }
        // Every text begins with the logits behind its last prompt token, which therefore is not shared.
        var shared = prefix[...]
        if writers.contains(where: { !$0.isDone && $0.pending.isEmpty }) {
            guard let last = shared.popLast() else { throw ProposerError(.badPrompt, "The prompt has no tokens") }
            for index in writers.indices where !writers[index].isDone { writers[index].pending.insert(last, at: 0) }
        }
        for writer in writers where !writer.isDone { try check(shared.count + writer.pending.count) }
        if isCancelled() { throw CancellationError() }
        output.promptTokens += try batch.setPrefix(Array(shared))
        output.promptTokens += writers.reduce(0) { $0 + $1.pending.count }
        batch.start(writers.count)
        while writers.contains(where: { !$0.isDone }) {
            if isCancelled() { throw CancellationError() }
            for (index, writer) in writers.enumerated() where !writer.isDone {
                try check(batch.length(index) + writer.pending.count)
            }
            let logits = try batch.append(writers.map(\.pending))
            for index in writers.indices where !writers[index].isDone {
                let row = UnsafeBufferPointer(rebasing: logits[index * vocabularySize..<(index + 1) * vocabularySize])
                try writers[index].goOn(row, stops)
                output.sampledTokens += 1
                output.forcedTokens += max(0, writers[index].pending.count - 1)
            }
        }
    }

    private func check(_ length: Int) throws(ProposerError) {
        guard length <= positions else {
            throw ProposerError(
                .promptTooLong,
                "The prompt and the reply so far have \(length) tokens, more than the \(positions) that fit")
        }
    }
}

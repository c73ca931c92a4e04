import Checkpoints
import Foundation
import Models
import Search
import TestSupport
import Testing
import Tokenization

@testable import Proposers

struct ConstrainedSamplerTests {
    private let model: LlamaModel
    private let tokenizer: Tokenizer

    init() throws {
        let folder = try TemporaryFolder()
        let checkpoint = try openCheckpoint(TinyModel.make(in: folder))
        tokenizer = try Tokenizer(checkpoint.tokenizer)
        model = try LlamaModel(checkpoint, precision: .float32, positions: 128)
    }

    private static let row = Grammar.sequence([
        .literal(" Aa-"), .integer(0...24), .literal(" the-"), .integer(0...3), .optional(.literal(" Ac")),
    ])

    private func sampler(_ positions: Int = 128, sequences: Int = 8) throws -> ConstrainedSampler {
        try ConstrainedSampler(model, tokenizer, positions: positions, sequences: sequences)
    }

    private func request(
        _ grammar: Grammar = row, suffix: String = "", temperature: Double = 1, seed: UInt64 = 0
    ) -> ConstrainedSampler.Request {
        .init(suffix: suffix, grammar: grammar, temperature: temperature, generator: SeededGenerator(seed: seed))
    }

    /// What a plain generator says of the token behind `tokens`.
    private func logits(_ tokens: [Int32]) throws -> [Float] {
        let generator = Generator(model, capacity: 64)
        return try withExtendedLifetime(generator) { Array(try generator.append(tokens)) }
    }

    @Test(arguments: [0, 0.8, 5])
    func everyTextIsOfItsGrammar(_ temperature: Double) throws {
        let sampler = try sampler()
        for (index, (grammar, language)) in Grammar.sample(40, seed: 7).enumerated() {
            // The tiny vocabulary has no bytes beyond ASCII.
            guard language.allSatisfy({ $0.allSatisfy { $0 < 128 } }) else { continue }
            let requests = (0..<3).map { request(grammar, temperature: temperature, seed: UInt64(index * 3 + $0)) }
            let output = try sampler.generate(prefix: "the cat", requests: requests)
            #expect(output.texts.count == 3)
            for text in output.texts { #expect(language.contains(Array(text.utf8)), "\(grammar): \(text)") }
        }
    }

    @Test func equalCallsGiveEqualTexts() throws {
        let requests = (0..<11).map { request(suffix: "in", temperature: 2, seed: UInt64($0)) }
        let first = try sampler().generate(prefix: "the cat sat", requests: requests)
        let second = try sampler().generate(prefix: "the cat sat", requests: requests)
        #expect(first.texts == second.texts)
        #expect(Set(first.texts).count > 5)
        // In other batches only the rounding differs.
        let alone = try sampler(sequences: 1).generate(prefix: "the cat sat", requests: requests)
        #expect(alone.texts == first.texts)
        #expect(zip(alone.logProbabilities, first.logProbabilities).allSatisfy { abs($0 - $1) < 1e-3 })
        #expect(alone.sampledTokens == first.sampledTokens)
        #expect(alone.forwardPasses > first.forwardPasses)
    }

    /// The prompt, the forced text and the drawn digit are what a plain generator would see and choose.
    @Test func greedyChoicesAreThoseOfTheModel() throws {
        let prompts = ["the cat sat", "an open field. A", "x"]
        for prompt in prompts {
            for suffix in ["", " to -", "on 3"] {
                let requests = [request(.sequence([.literal("a-"), .integer(0...9)]), suffix: suffix, temperature: 0)]
                let output = try sampler().generate(prefix: prompt, requests: requests)
                let tokens =
                    tokenizer.encode(prompt, addingSpecialTokens: true)
                    + tokenizer.encode(suffix + "a-", addingSpecialTokens: false)
                let logits = try logits(tokens)
                let scores = try (0...9).map { digit in
                    Double(logits[Int(try #require(tokenizer.id(ofToken: "\(digit)")))])
                }
                let best = try #require(scores.indices.max { scores[$0] < scores[$1] })
                #expect(output.texts == ["a-\(best)"])
                let total = scores.reduce(0) { $0 + exp($1 - scores[best]) }
                #expect(abs(output.logProbabilities[0] + log(total)) < 1e-3)
                #expect(output.sampledTokens == 1)
                #expect(output.promptTokens == tokens.count)
            }
        }
    }

    /// 2000 draws of one digit follow the softmax over the allowed tokens.
    @Test func drawsFollowTheTemperature() throws {
        let grammar = Grammar.choice(["a", "b", "c"].map { .literal($0) })
        let requests = (0..<2000).map { request(grammar, temperature: 0.5, seed: UInt64($0)) }
        let output = try sampler().generate(prefix: "the cat", requests: requests)
        let logits = try logits(tokenizer.encode("the cat", addingSpecialTokens: true))
        let weights = try ["a", "b", "c"].map { letter in
            exp(Double(logits[Int(try #require(tokenizer.id(ofToken: letter)))]) / 0.5)
        }
        for (letter, weight) in zip(["a", "b", "c"], weights) {
            let p = weight / weights.reduce(0, +)
            let share = Double(output.texts.filter { $0 == letter }.count) / 2000
            #expect(abs(share - p) < 4 * (p * (1 - p) / 2000).squareRoot() + 1e-9)
        }
    }

    @Test func prefixesAreComputedOnce() throws {
        let sampler = try sampler()
        let length = tokenizer.encode("the cat sat on a mat", addingSpecialTokens: true).count
        let first = try sampler.generate(prefix: "the cat sat on a mat", requests: [request(suffix: "in")])
        #expect(first.promptTokens > length)
        let second = try sampler.generate(prefix: "the cat sat on a mat", requests: [request(suffix: "in")])
        #expect(second.promptTokens == first.promptTokens - length)
        #expect(second.texts == first.texts)
        let third = try sampler.generate(prefix: "the cat sat on a mat and", requests: [request(suffix: "in")])
        #expect(third.promptTokens < first.promptTokens - length + 4)
    }

    /// A row costs one pass for each decision: its forced text runs with the token before it.
    @Test func forcedTextCostsNoPasses() throws {
        let output = try sampler().generate(prefix: "the", requests: [request(.literal("the cat"))])
        #expect(output.texts == ["the cat"])
        #expect((output.forwardPasses, output.sampledTokens) == (0, 0))
        let digits = Grammar.sequence((0..<10).flatMap { [.literal(" A\($0)-"), .integer(0...9)] })
        let row = try sampler().generate(prefix: "the", requests: [request(digits)])
        #expect(row.sampledTokens == 10)
        #expect(row.forwardPasses == 11)
        #expect(row.forcedTokens > 20)
    }

    /// " the" is one token, so that a forced space before a choice is left to the choice.
    @Test func tokensReachOverTheEndOfForcedText() throws {
        let vocabulary = TokenVocabulary(tokenizer, size: 96)
        let encoder = FragmentEncoder(tokenizer, vocabulary)
        let words = Grammar.sequence([.literal("a "), .choice([.literal("the"), .literal("cat")]), .literal(" in")])
        let constraint = try GrammarConstraint(words, vocabulary, encoder)
        let begin = try constraint.begin(behind: "on ")
        #expect(begin.tokens == tokenizer.encode("on a", addingSpecialTokens: false))
        #expect(begin.bytes == Array("a".utf8))
        let allowed = constraint.mask.allowed(begin.state)
        let spelled = Set(allowed.tokens.map { String(decoding: vocabulary.spellings[Int($0)], as: UTF8.self) })
        #expect(spelled == [" ", " t", " the", " c"])
        // A drawn token that only begins what is forced then is replaced by the model's own tokens for it.
        let part = try #require(tokenizer.id(ofToken: "Ġt"))
        let index = try #require(allowed.tokens.firstIndex(of: part))
        let step = try constraint.step(from: begin.state, part, to: allowed.states[index])
        #expect(step.tokens == tokenizer.encode(" the in", addingSpecialTokens: false))
        #expect(step.isLast)
        #expect(step.bytes == Array(" the in".utf8))
    }

    @Test func whatCannotBeWrittenIsAnError() throws {
        func code(_ requests: [ConstrainedSampler.Request], prefix: String = "the", positions: Int = 128) throws
            -> ProposerError.Code?
        {
            let error = #expect(throws: ProposerError.self) {
                _ = try sampler(positions).generate(
                    prefix: prefix, requests: requests, addingSpecialTokens: !prefix.isEmpty)
            }
            return error?.code
        }
        #expect(try code([request(.choice([.literal("="), .literal("+")]))]) == .vocabularyTooSmall)
        #expect(try code([request(.sequence([.integer(0...3), .literal("=")]))]) == .vocabularyTooSmall)
        #expect(try code([request(.choice([]))]) == .badGrammar)
        #expect(try code([request(.integer(0...3))], prefix: "") == .badPrompt)
        #expect(try code([request()], prefix: TinyModel.text(words: 100, seed: 1)) == .promptTooLong)
        #expect(try code([request(suffix: TinyModel.text(words: 100, seed: 1))]) == .promptTooLong)
        #expect(try code([request()], positions: 10) == .promptTooLong)
        #expect(try code([request()], positions: 0) == .promptTooLong)
    }

    @Test func cancellationIsHeeded() throws {
        var calls = 0
        #expect(throws: CancellationError.self) {
            _ = try sampler().generate(prefix: "the", requests: [request()]) {
                calls += 1
                return calls > 3
            }
        }
        #expect(calls == 4)
        let output = try sampler().generate(prefix: "the", requests: [])
        #expect(output.texts.isEmpty)
    }
}

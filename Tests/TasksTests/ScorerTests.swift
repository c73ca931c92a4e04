import Foundation
import Kernels
import Models
import Testing

@testable import Tasks

struct ScorerTests {
    /// Questions of every shape: contexts in common and apart, uneven lengths, choices that begin alike, that are equal,
    /// that end where another goes on, and single tokens.
    private static let questions: [[EncodedChoice]] = {
        let context = tokens(21, 1)
        func choices(_ context: [Int32], _ lengths: [Int], seed: Int = 5) -> [EncodedChoice] {
            lengths.enumerated().map { number, length in
                EncodedChoice(tokens: context + tokens(length, seed + number), scored: length)
            }
        }
        let stem = tokens(9, 3)
        let prefix = context + stem
        return [
            choices(context, [4, 9, 1, 30]),
            choices(context, [1, 1]),
            choices(tokens(1, 7), [3, 2, 5]),
            choices(tokens(40, 2), [23, 24, 24]),
            // One after another in the same branch, and twice the same.
            [
                EncodedChoice(tokens: prefix, scored: 9),
                EncodedChoice(tokens: prefix + tokens(5, 8), scored: 14),
                EncodedChoice(tokens: prefix + tokens(5, 9), scored: 14),
                EncodedChoice(tokens: prefix, scored: 9),
                EncodedChoice(tokens: context + [stem[0]], scored: 1),
            ],
            // Other contexts, the same continuation; from the first token on, and from the middle.
            (0..<2).map { EncodedChoice(tokens: tokens(5 + $0, 20 + $0) + stem, scored: 9) },
            (0..<3).map { EncodedChoice(tokens: context + tokens(1 + $0, 30 + $0) + stem, scored: 9) },
            choices(context, [12]),
            choices([5, 5, 5], [61, 2]),
            [],
        ]
    }()

    @Test(arguments: TinyFixture.allCases)
    func equalsPlainForwardPasses(_ fixture: TinyFixture) throws {
        let model = try fixture.model()
        let scores = try LogLikelihoodScorer(model, rows: 128).score(Self.questions)
        for (question, choices) in Self.questions.enumerated() {
            #expect(scores.logLikelihoods[question].count == choices.count)
            for (number, choice) in choices.enumerated() {
                let expected = try model.reference(choice)
                let found = scores.logLikelihoods[question][number]
                #expect(abs(found.value - expected.value) < 1e-4, "question \(question), choice \(number)")
                #expect(found.isGreedy == expected.isGreedy)
            }
        }
        #expect(scores.tokensScored == Self.questions.joined().reduce(0) { $0 + $1.scored })
    }

    /// Also where it comes last, so that the model need not run it.
    @Test func aTokenOutsideTheVocabularyIsRefused() throws {
        let model = try TinyFixture.untied.model()
        let token = Int32(model.description.vocabularySize)
        let error = #expect(throws: ModelError.self) {
            try LogLikelihoodScorer(model, rows: 128).score([[EncodedChoice(tokens: [1, 2, token], scored: 1)]])
        }
        #expect(error?.code == .tokenOutOfRange)
    }

    @Test(arguments: Precision.supported.filter { $0 != .float32 })
    func otherPrecisionsAreNear(_ precision: Precision) throws {
        let model = try TinyFixture.untied.model(precision)
        let scores = try LogLikelihoodScorer(model, rows: 128).score(Self.questions)
        let exact = try TinyFixture.untied.model()
        for (choices, found) in zip(Self.questions, scores.logLikelihoods) {
            for (choice, score) in zip(choices, found) {
                let expected = try exact.reference(choice).value
                #expect(abs(score.value - expected) < 0.05 * Double(choice.scored) + 0.01 * abs(expected))
            }
        }
    }

    /// One at a time, few and all together, and again with the memory of before.
    @Test func batchesChangeNothing() throws {
        let model = try TinyFixture.untied.model()
        let scorer = LogLikelihoodScorer(model, rows: 1)
        let many = (0..<12).flatMap { _ in Self.questions }
        let expected = try scorer.score(Self.questions).logLikelihoods
        for rows in [1, 300, 2000] {
            let other = LogLikelihoodScorer(model, rows: rows)
            for _ in 0..<2 {
                let found = try other.score(many).logLikelihoods
                for (index, scores) in found.enumerated() {
                    for (score, before) in zip(scores, expected[index % Self.questions.count]) {
                        #expect(abs(score.value - before.value) < 1e-4 && score.isGreedy == before.isGreedy)
                    }
                }
            }
        }
    }

    /// A continuation that the model itself would write is greedy, and one with another last token is not.
    @Test func greedyContinuationsAreKnown() throws {
        let model = try TinyFixture.untied.model()
        let generator = Generator(model, capacity: 40)
        var sequence = tokens(10, 4)
        var logits = try generator.append(sequence)
        for _ in 0..<6 {
            let next = Int32(logits.indices.max { logits[$0] < logits[$1] } ?? 0)
            sequence.append(next)
            logits = try generator.append([next])
        }
        var other = sequence
        other[15] = (other[15] + 1) % 96
        let scores = try LogLikelihoodScorer(model).score([
            [EncodedChoice(tokens: sequence, scored: 6), EncodedChoice(tokens: other, scored: 6)]
        ])
        #expect(scores.logLikelihoods[0].map(\.isGreedy) == [true, false])
        #expect(scores.logLikelihoods[0][0].value > scores.logLikelihoods[0][1].value)
    }

    /// What the choices begin with runs once, and their last tokens not at all.
    @Test func sharedTokensRunOnce() throws {
        let model = try TinyFixture.tied.model()
        let context = tokens(20, 1)
        let choices = [3, 4, 5].map { EncodedChoice(tokens: context + tokens($0, 10 + $0), scored: $0) }
        let scores = try LogLikelihoodScorer(model).score([choices])
        #expect(scores.tokensRun == 20 + 2 + 3 + 4)
        #expect(scores.tokensScored == 12)
        let single = try LogLikelihoodScorer(model).score([
            (0..<2).map { EncodedChoice(tokens: context + [$0], scored: 1) }
        ])
        #expect(single.tokensRun == 20 && single.tokensScored == 2)
    }

    @Test func progressIsToldAndScoringCanBeCancelled() throws {
        let model = try TinyFixture.tied.model()
        let scorer = LogLikelihoodScorer(model, rows: 64)
        let questions = [Self.questions[0], Self.questions[3], Self.questions[8]]
        var steps: [Int] = []
        _ = try scorer.score(questions) { steps.append($0) }
        #expect(steps.last == 3 && steps == steps.sorted())
        #expect(throws: CancellationError.self) { _ = try scorer.score(questions, isCancelled: { true }) }
        // It is as good as new.
        let found = try scorer.score([Self.questions[1]]).logLikelihoods[0]
        let expected = try model.reference(Self.questions[1][0]).value
        #expect(abs(found[0].value - expected) < 1e-4)
        #expect(try scorer.score([]).logLikelihoods.isEmpty)
    }

    /// All rows in as few batches as can be hoped for.
    @Test func batchesAreFull() {
        let sizes = (0..<300).map { 5 + ($0 * 7919) % 90 }
        let bins = Packing.bestFit(sizes, capacity: 128)
        #expect(bins.joined().sorted() == Array(sizes.indices))
        #expect(bins.allSatisfy { $0.reduce(0) { $0 + sizes[$1] } <= 128 })
        #expect(bins.count <= sizes.reduce(0, +) / 128 + 4)
        #expect(Packing.bestFit([], capacity: 64).isEmpty)
        #expect(Packing.bestFit([64, 1, 63], capacity: 64) == [[0], [2, 1]])
    }
}

import Foundation
import Testing

@testable import Tasks

/// What Scripts/make-translation-fixtures wrote: sentence pairs with sacreBLEU's answers.
private struct Golden: Decodable, Sendable {
    struct Scores: Decodable, Sendable {
        var bleu: Double
        var precisions: [Double]
        var brevityPenalty: Double
        var hypothesisLength: Int
        var referenceLength: Int
        var counts: [Int]
        var totals: [Int]
        var chrf: Double
    }

    struct Pair: Decodable, Sendable {
        var hypothesis: String
        var references: [String]
        /// The words of hypothesis and first reference.
        var words: [[String]]
        /// Against the first reference, and against all.
        var single: Scores
        var all: Scores
    }

    struct Many: Decodable, Sendable {
        var all: Scores
        var pairs: [DrawnPair]
    }

    /// Hypothesis, reference, BLEU and chrF.
    struct DrawnPair: Decodable, Sendable {
        var hypothesis: String
        var reference: String
        var bleu: Double
        var chrf: Double

        init(from decoder: any Decoder) throws {
            var values = try decoder.unkeyedContainer()
            hypothesis = try values.decode(String.self)
            reference = try values.decode(String.self)
            bleu = try values.decode(Double.self)
            chrf = try values.decode(Double.self)
        }
    }

    var pairs: [Pair]
    var many: Many
    var single: Scores
    var all: Scores
    /// The first half of the pairs.
    var half: Scores

    static func read() throws -> Golden {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: folder.appendingPathComponent("Fixtures/translation.json")))
    }
}

struct TranslationTests {
    private func expect(
        _ hypotheses: [String], _ references: [[String]], _ golden: Golden.Scores, _ comment: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let bleu = try BLEU(hypotheses, references)
        #expect(abs(bleu.score - golden.bleu) < 1e-6, "\(comment)", sourceLocation: sourceLocation)
        #expect(
            bleu.hypothesisLength == golden.hypothesisLength && bleu.referenceLength == golden.referenceLength,
            "\(comment)", sourceLocation: sourceLocation)
        #expect(
            bleu.matches == golden.counts && bleu.totals == golden.totals, "\(comment)",
            sourceLocation: sourceLocation)
        #expect(abs(bleu.brevityPenalty - golden.brevityPenalty) < 1e-9, "\(comment)", sourceLocation: sourceLocation)
        #expect(
            zip(bleu.precisions, golden.precisions).allSatisfy { abs($0 - $1) < 1e-6 }, "\(comment)",
            sourceLocation: sourceLocation)
        let chrf = try CharacterFScore(hypotheses, references).score
        #expect(abs(chrf - golden.chrf) < 1e-6, "\(comment)", sourceLocation: sourceLocation)
    }

    @Test func wordsAreThoseOfSacreBLEU() throws {
        for pair in try Golden.read().pairs {
            for (text, words) in zip([pair.hypothesis, pair.references[0]], pair.words) {
                let found = Tokenizer13a.words(text)
                // Swift compares strings canonically; these are compared by scalar.
                #expect(found.map { Array($0.unicodeScalars) } == words.map { Array($0.unicodeScalars) }, "\(text)")
            }
        }
    }

    @Test func scoresOfSentencesEqualSacreBLEU() throws {
        let golden = try Golden.read()
        #expect(golden.pairs.count >= 40)
        for pair in golden.pairs {
            try expect([pair.hypothesis], [[pair.references[0]]], pair.single, pair.hypothesis)
            try expect([pair.hypothesis], [pair.references], pair.all, pair.hypothesis)
        }
    }

    @Test func scoresOfCorporaEqualSacreBLEU() throws {
        let golden = try Golden.read()
        let hypotheses = golden.pairs.map(\.hypothesis)
        let references = golden.pairs.map(\.references)
        try expect(hypotheses, references.map { [$0[0]] }, golden.single, "one reference")
        try expect(hypotheses, references, golden.all, "all references")
        let half = hypotheses.count / 2
        try expect(
            Array(hypotheses[..<half]), references[..<half].map { [$0[0]] }, golden.half, "half of the pairs")
    }

    @Test func fiveHundredPairsEqualSacreBLEU() throws {
        let many = try Golden.read().many
        #expect(many.pairs.count == 500)
        for pair in many.pairs {
            let bleu = try BLEU([pair.hypothesis], [[pair.reference]]).score
            let chrf = try CharacterFScore([pair.hypothesis], [[pair.reference]]).score
            #expect(abs(bleu - pair.bleu) < 1e-6 && abs(chrf - pair.chrf) < 1e-6, "\(pair.hypothesis)")
        }
        try expect(many.pairs.map(\.hypothesis), many.pairs.map { [$0.reference] }, many.all, "all drawn pairs")
    }

    @Test func identicalTextScoresAHundred() throws {
        let texts = ["The cat sat on the mat, again.", "Größe: 3,5 m (etwa)!"]
        let bleu = try BLEU(texts, texts.map { [$0] }).score
        let chrf = try CharacterFScore(texts, texts.map { [$0] }).score
        #expect(abs(bleu - 100) < 1e-9 && abs(chrf - 100) < 1e-9)
    }

    @Test func whatDoesNotGoTogetherIsAnError() {
        for (hypotheses, references, code) in [
            ([], [], .noItems), (["a"], [], .badReferences), (["a"], [[]], .badReferences),
            (["a", "b"], [["a"], []], .badReferences),
        ] as [([String], [[String]], TaskError.Code)] {
            let error = #expect(throws: TaskError.self) { _ = try BLEU(hypotheses, references) }
            #expect(error?.code == code)
            #expect(throws: TaskError.self) { _ = try CharacterFScore(hypotheses, references) }
        }
    }

    @Test func signatures() {
        #expect(BLEU.signature(references: 1) == "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp")
        #expect(CharacterFScore.signature(references: 1) == "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no")
    }
}

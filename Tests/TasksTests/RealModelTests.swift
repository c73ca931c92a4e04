import Checkpoints
import Foundation
import Kernels
import Models
import Testing
import Tokenization

@testable import Tasks

/// SmolLM2-135M-Instruct.Q4_1.gguf, where `SELFPRUNER_TEST_MODEL` says it is.
private let path = ProcessInfo.processInfo.environment["SELFPRUNER_TEST_MODEL"]

@Suite(.enabled(if: path != nil, "SELFPRUNER_TEST_MODEL is not set"))
struct RealModelTests {
    /// Heads of 64: attention of few queries and of many, over branches of both kinds.
    @Test func equalsPlainForwardPasses() throws {
        let checkpoint = try openCheckpoint(#require(path))
        let model = try LlamaModel(checkpoint, precision: .float32, positions: 512)
        let encoder = PairEncoder(try Tokenizer(checkpoint.tokenizer), maximumPositions: model.maximumPositions)
        let passage = "The river rises in the hills, crosses the plain and ends in a wide bay. "
        let long = String(repeating: "one bird sings over the open field, ", count: 5)
        let texts: [(context: String, continuations: [String])] = [
            (passage + "Question: does the river end in a lake?\nAnswer:", [" no", " yes"]),
            (String(repeating: passage, count: 8) + "It", [" " + long, " flows.", " " + passage + long]),
            (
                "Question: What do birds do in spring?\nAnswer:",
                [" They sing.", " They read books.", " " + long, " Swim"]
            ),
        ]
        let questions = try texts.map { text in try text.continuations.map { try encoder.encode(text.context, $0) } }
        let scores = try LogLikelihoodScorer(model).score(questions)
        for (choices, found) in zip(questions, scores.logLikelihoods) {
            for (choice, score) in zip(choices, found) {
                let expected = try model.reference(choice)
                #expect(abs(score.value - expected.value) < 1e-3, "\(score.value) \(expected.value)")
                #expect(score.isGreedy == expected.isGreedy)
            }
        }
    }
}

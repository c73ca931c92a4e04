import Checkpoints
import Foundation
import Kernels
import Models
import TestSupport
import Tokenization

@testable import Tasks

/// The tiny models of the model room's tests.
enum TinyFixture: String, CaseIterable, Sendable {
    case tied = "gqa-tied"
    case untied = "gqa-untied"
    case multiHead = "mha"
    case biases, theta, odd

    func model(_ precision: Precision = .float32, positions: Int = 64) throws -> LlamaModel {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let folder = tests.appendingPathComponent("ModelsTests/Fixtures/\(rawValue)")
        return try LlamaModel(openCheckpoint(folder.path), precision: precision, positions: positions)
    }
}

/// Tokens that every fixture's vocabulary has.
func tokens(_ count: Int, _ seed: Int) -> [Int32] {
    (0..<count).map { Int32((($0 + 1) * 37 + seed * 11 + $0 * $0 * seed) % 96) }
}

extension LlamaModel {
    /// Of one choice, from a plain forward pass of all its tokens and float64 arithmetic on all logits.
    func reference(_ choice: EncodedChoice) throws -> LogLikelihood {
        let run = Array(choice.tokens.dropLast())
        let workspace = Workspace(self, rows: run.count)
        try forward(TokenBatch([run]), in: workspace)
        let vocabulary = description.vocabularySize
        let logits = AlignedBuffer(floats: run.count * vocabulary)
        try workspace.head.logits(workspace.output, rows: run.count, into: logits.floats)
        var result = LogLikelihood(value: 0, isGreedy: true)
        for position in choice.tokens.count - choice.scored..<choice.tokens.count {
            let row = (0..<vocabulary).map { Double(logits.floats[(position - 1) * vocabulary + $0]) }
            let logit = row[Int(choice.tokens[position])]
            result.value += logit - log(row.reduce(0) { $0 + exp($1) })
            result.isGreedy = result.isGreedy && logit >= (row.max() ?? 0)
        }
        return result
    }
}

/// A tokenizer of `TinyModel`: letters, digits and a few merges.
func tinyTokenizer() throws -> Tokenizer {
    let folder = try TemporaryFolder()
    return try withExtendedLifetime(folder) { try Tokenizer(.folder(TinyModel.make(in: folder))) }
}

import Checkpoints
import Foundation
import Kernels

@testable import Models

/// A tiny random model of the model room's tests, with transformers' answers.
enum Fixture: String, CaseIterable, Sendable {
    case tied = "gqa-tied"
    case untied = "gqa-untied"
    case multiHead = "mha"
    case biases, theta, odd

    struct Reference: Decodable {
        var sequences: [[Int32]]
        /// Nats per predicted token of each sequence.
        var meanNLL: [Double]
    }

    private var folder: URL {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return tests.appendingPathComponent("ModelsTests/Fixtures/\(rawValue)")
    }

    func model(_ precision: Precision) throws -> LlamaModel {
        try LlamaModel(openCheckpoint(folder.path), precision: precision, positions: 64)
    }

    func reference() throws -> Reference {
        try JSONDecoder().decode(
            Reference.self, from: Data(contentsOf: folder.appendingPathComponent("reference.json")))
    }

    /// Windows of tokens that every fixture's vocabulary has.
    static func windows(_ lengths: [Int]) -> [[Int32]] {
        var state: UInt64 = 7
        return lengths.map { length in
            (0..<length).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int32((state >> 33) % 96)
            }
        }
    }
}

extension LlamaModel {
    /// The model without the MLP of one block.
    func withoutMLP(_ block: Int) throws -> LlamaModel {
        var model = self
        model.mlp[block] = try MLPSublayer(
            MLPWeights(hiddenSize: description.hiddenSize, channels: 0, norm: [], gate: [], up: [], down: []),
            precision: precision)
        return model
    }

    /// log p of every token after each position, in float64 from the logits: [positions][vocabulary].
    func logProbabilities(_ windows: [[Int32]]) throws -> [[Double]] {
        let workspace = Workspace(self, rows: windows.map(\.count).max() ?? 1)
        let vocabulary = description.vocabularySize
        return try windows.flatMap { window in
            try forward(TokenBatch([window]), in: workspace)
            let logits = AlignedBuffer(floats: window.count * vocabulary)
            try workspace.head.logits(workspace.output, rows: window.count, into: logits.floats)
            return window.indices.map { row in
                let values = (0..<vocabulary).map { Double(logits.floats[row * vocabulary + $0]) }
                let sum = log(values.reduce(0.0) { $0 + exp($1) })
                return values.map { $0 - sum }
            }
        }
    }
}

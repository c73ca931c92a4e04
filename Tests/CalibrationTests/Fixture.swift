import Checkpoints
import Foundation
import Kernels
import Models

/// A tiny random model of the model room's tests.
enum Fixture: String, CaseIterable, Sendable {
    case tied = "gqa-tied"
    case untied = "gqa-untied"
    case multiHead = "mha"
    case biases, theta, odd

    func model(_ precision: Precision) throws -> LlamaModel {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let folder = tests.appendingPathComponent("ModelsTests/Fixtures/\(rawValue)")
        return try LlamaModel(openCheckpoint(folder.path), precision: precision, positions: 64)
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

import Checkpoints
import Foundation
import Kernels
import Models
import Testing

@testable import Gradients

/// A tiny random model of the model room's tests, with torch's gradients from Scripts/make-gradient-fixtures.
struct Fixture: Sendable, CustomTestStringConvertible {
    let name: String

    static let all = ["gqa-tied", "gqa-untied", "mha", "biases", "theta", "odd"].map(Fixture.init)

    var testDescription: String { name }

    private struct Reference: Decodable {
        var sequences: [[Int32]]
    }

    private struct Answers: Decodable {
        var draws: [Float]
        var targets: [Int32]
    }

    let tokens: [Int32]
    let draws: [Float]
    let targets: [Int32]
    /// float32 [sublayers, tokens, D].
    let gradients: [Float]

    init(name: String) {
        self.name = name
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let reference = try! JSONDecoder().decode(
            Reference.self,
            from: Data(contentsOf: tests.appendingPathComponent("ModelsTests/Fixtures/\(name)/reference.json")))
        tokens = reference.sequences[0]
        let own = tests.appendingPathComponent("GradientsTests/Fixtures")
        let answers = try! JSONDecoder().decode(
            Answers.self, from: Data(contentsOf: own.appendingPathComponent("\(name).json")))
        (draws, targets) = (answers.draws, answers.targets)
        gradients = try! Data(contentsOf: own.appendingPathComponent("\(name).f32")).withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 4).map {
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self)))
            }
        }
    }

    func checkpoint() throws -> any Checkpoint {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try openCheckpoint(tests.appendingPathComponent("ModelsTests/Fixtures/\(name)").path)
    }
}

/// A model with its weights as they are, and room to run it.
struct Subject {
    let checkpoint: any Checkpoint
    let model: LlamaModel
    let attention: [AttentionWeights]
    let mlp: [MLPWeights]
    let workspace: Workspace

    init(_ fixture: Fixture, _ precision: Precision = .float32) throws {
        checkpoint = try fixture.checkpoint()
        model = try LlamaModel(checkpoint, precision: precision, positions: 64)
        attention = try checkpoint.description.blocks.indices.map { [checkpoint] in
            try checkpoint.attentionWeights(block: $0)
        }
        mlp = try checkpoint.description.blocks.indices.map { [checkpoint] in try checkpoint.mlpWeights(block: $0) }
        workspace = Workspace(model, rows: 64)
    }

    func pass(rows: Int) throws -> BackwardPass {
        try BackwardPass(
            model, attention: attention, mlp: mlp, outside: checkpoint, rows: rows, workspace: workspace)
    }

    func metrics(_ windows: [[Int32]], tokens: Int, seed: UInt64 = 0) throws -> OutputMetrics {
        try OutputMetrics(
            model, attention: attention, mlp: mlp, outside: checkpoint, windows: windows, tokens: tokens, seed: seed,
            in: workspace)
    }
}

import Calibration
import Checkpoints
import Compaction
import Factors
import Foundation
import Kernels
import Models
import Search

/// A tiny random model of the model room's tests.
enum Fixture: String, CaseIterable, Sendable {
    case tied = "gqa-tied"
    case untied = "gqa-untied"
    case multiHead = "mha"
    case biases, theta, odd

    func checkpoint() throws -> any Checkpoint {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try openCheckpoint(tests.appendingPathComponent("ModelsTests/Fixtures/\(rawValue)").path)
    }

    /// Windows of tokens that every fixture's vocabulary has.
    static func windows(_ lengths: [Int], seed: UInt64) -> [[Int32]] {
        var state = seed
        return lengths.map { length in
            (0..<length).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int32((state >> 33) % 96)
            }
        }
    }
}

/// A fixture with all that cutting it needs.
struct Prepared {
    let model: LlamaModel
    let plan: PruningPlan
    let space: SearchSpace
    let workspace: Workspace

    static let calibrationWindows = Fixture.windows([Int](repeating: 32, count: 8), seed: 1)

    init(
        _ fixture: Fixture, _ method: PruningMethod, _ precision: Precision = .float32,
        attentionUnit: AttentionUnit = .group, order: any UnitOrder = WandaOrder()
    ) throws {
        let checkpoint = try fixture.checkpoint()
        model = try LlamaModel(checkpoint, precision: precision, positions: 64)
        workspace = Workspace(model, rows: 64)
        let calibration = try Calibration(model, Self.calibrationWindows, in: workspace)
        plan = try PruningPlan(
            DenseBlocks(checkpoint), calibration, method: method, ridge: 0.01, order: order,
            attentionUnit: attentionUnit)
        space = try SearchSpace(
            model.description, granularity: .sublayer, channelStep: 20, addsBiases: plan.addsBiases,
            attention: plan.attentionLevels)
    }

    /// What a candidate keeps of every block.
    func blocks(_ candidate: Candidate) throws -> [BlockShape] {
        try space.blocks(of: candidate, in: model.description)
    }

    /// All whole, all gone, each sublayer gone alone, one kind gone, and mixtures.
    var candidates: [Candidate] {
        let full = space.full.levels
        var candidates = [full, full.map { _ in 0 }]
        for index in full.indices {
            candidates.append(full.indices.map { $0 == index ? 0 : full[$0] })
        }
        candidates.append(full.indices.map { $0.isMultiple(of: 2) ? 0 : full[$0] / 2 })
        candidates.append(full.indices.map { $0.isMultiple(of: 2) ? full[$0] : 0 })
        var state: UInt64 = 5
        for _ in 0..<4 {
            candidates.append(
                full.map { top in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return Int((state >> 33) % UInt64(top + 1))
                })
        }
        return candidates.map(Candidate.init)
    }

    /// The model that runs compacted blocks.
    func model(_ blocks: CompactedBlocks) throws -> LlamaModel {
        var result = model
        result.description = blocks.description
        result.attention = try blocks.attention.map { try AttentionSublayer($0, precision: .float32) }
        result.mlp = try blocks.mlp.map { try MLPSublayer($0, precision: .float32) }
        return result
    }

    /// Logits of sequences, [tokens, vocabulary].
    func logits(
        _ model: LlamaModel, _ windows: [[Int32]] = Fixture.windows([40, 17], seed: 2)
    ) throws -> [Float] {
        let batch = TokenBatch(windows)
        try model.forward(batch, in: workspace)
        let count = batch.tokens.count * model.description.vocabularySize
        let logits = AlignedBuffer(floats: count)
        try workspace.head.logits(workspace.output, rows: batch.tokens.count, into: logits.floats)
        return logits.array(count)
    }
}

func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
    zip(a, b).reduce(a.count == b.count ? 0 : .infinity) { max($0, abs($1.0 - $1.1)) }
}

import Calibration
import Checkpoints
import Compaction
import Factors
import Foundation
import Kernels
import Models
import Search
import Testing

@testable import Refit

/// A tiny random model of the model room's tests, cut in half.
private struct Cut {
    let model: LlamaModel
    let workspace: Workspace
    let plan: PruningPlan
    let windows: [[Int32]]

    init(_ name: String, attentionUnit: AttentionUnit = .group) throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let checkpoint = try openCheckpoint(tests.appendingPathComponent("ModelsTests/Fixtures/\(name)").path)
        model = try LlamaModel(checkpoint, precision: .float32, positions: 64)
        workspace = Workspace(model, rows: 64)
        windows = Self.windows(16, seed: 1)
        let calibration = try Calibration(model, windows, in: workspace)
        plan = try PruningPlan(
            DenseBlocks(checkpoint), calibration, method: .nested, ridge: 1e-3, attentionUnit: attentionUnit)
    }

    static func windows(_ count: Int, seed: UInt64) -> [[Int32]] {
        var state = seed
        return (0..<count).map { _ in
            (0..<48).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int32((state >> 33) % 96)
            }
        }
    }

    /// Units of attention and MLP of each block in turn.
    var whole: [Int] { zip(model.attention, model.mlp).flatMap { [$0.keyValueHeads, $1.channels] } }

    /// Compacted blocks with so many units kept of each sublayer.
    func compact(_ units: [Int]) -> CompactedBlocks {
        plan.compact(
            model.description.blocks.enumerated().map { block, shape in
                var kept = shape
                kept.attention.groups = units[2 * block]
                kept.channels = units[2 * block + 1]
                return kept
            })
    }

    func model(_ blocks: CompactedBlocks) throws -> LlamaModel {
        var result = model
        result.description = blocks.description
        result.attention = try blocks.attention.map { try AttentionSublayer($0, precision: .float32) }
        result.mlp = try blocks.mlp.map { try MLPSublayer($0, precision: .float32) }
        return result
    }

    /// Mean squared distance of the last residual streams, relative to the dense one's mean square.
    func distance(_ blocks: CompactedBlocks, _ windows: [[Int32]]) throws -> Double {
        let (pruned, width) = (try model(blocks), model.description.hiddenSize)
        var (sum, total) = (0.0, 0.0)
        for window in windows {
            let batch = TokenBatch([window])
            try model.forward(batch, in: workspace)
            let dense = (0..<window.count * width).map { workspace.stream[$0] }
            try pruned.forward(batch, in: workspace)
            for (index, value) in dense.enumerated() {
                sum += Double((value - workspace.stream[index]) * (value - workspace.stream[index]))
                total += Double(value * value)
            }
        }
        return sum / total
    }
}

@Suite struct SequentialRefitTests {
    @Test(arguments: ["gqa-tied", "mha", "biases"], RefitTarget.allCases)
    func bringsTheStreamNearer(fixture: String, target: RefitTarget) throws {
        let cut = try Cut(fixture)
        let units = cut.whole.map { max(1, $0 / 2) }
        let blocks = cut.compact(units)
        var settings = SequentialRefit.Settings()
        settings.target = target
        let (refitted, steps) = try SequentialRefit(
            cut.model, cut.windows, settings: settings, in: cut.workspace)(blocks)
        let firstCut = units.indices.first { units[$0] < cut.whole[$0] }!
        #expect(steps.map(\.sublayer) == Array(firstCut..<cut.model.sublayerCount))
        for step in steps { #expect(try #require(step.after) <= #require(step.before)) }
        #expect(refitted.description == blocks.description)
        let other = Cut.windows(8, seed: 2)
        #expect(try cut.distance(refitted, other) < cut.distance(blocks, other))
    }

    /// An attention that has all its groups and not all their heads is cut.
    @Test func fitsAttentionsWithFewerHeads() throws {
        let cut = try Cut("gqa-tied", attentionUnit: .head)
        var shapes = cut.model.description.blocks
        shapes[1].attention.headsPerGroup -= 1
        let blocks = cut.plan.compact(shapes)
        let (refitted, steps) = try SequentialRefit(cut.model, cut.windows, in: cut.workspace)(blocks)
        #expect(steps.map(\.sublayer) == [2, 3])
        #expect(refitted.description.blocks == shapes)
        #expect(try cut.distance(refitted, cut.windows) < cut.distance(blocks, cut.windows))
    }

    @Test func leavesAWholeModelAlone() throws {
        let cut = try Cut("gqa-tied")
        let blocks = cut.compact(cut.whole)
        let (refitted, steps) = try SequentialRefit(cut.model, cut.windows, in: cut.workspace)(blocks)
        #expect(steps.isEmpty)
        #expect(refitted.attention.map(\.output) == blocks.attention.map(\.output))
        #expect(refitted.mlp.map(\.gate) == blocks.mlp.map(\.gate))
    }

    @Test func fitsTheConstantsOfWhatIsGone() throws {
        let cut = try Cut("gqa-tied")
        var units = cut.whole
        (units[2], units[3]) = (0, 0)
        let blocks = cut.compact(units)
        let (refitted, steps) = try SequentialRefit(cut.model, cut.windows, in: cut.workspace)(blocks)
        #expect(steps.first?.sublayer == 2)
        #expect(refitted.attention[1].output.isEmpty && refitted.attention[1].outputBias != nil)
        #expect(refitted.mlp[1].down.isEmpty)
        #expect(try cut.distance(refitted, cut.windows) <= cut.distance(blocks, cut.windows))
    }

    @Test func aligningByTheIdentityChangesNothing() throws {
        let cut = try Cut("gqa-tied")
        var weights = cut.compact(cut.whole).attention[0]
        let width = weights.hiddenSize
        weights.norm[1] = 0
        let before = weights
        var identity = [Float](repeating: 0, count: width * width)
        for row in 0..<width { identity[row * width + row] = 1 }
        weights.align(by: identity)
        for row in 0..<before.query.count / width {
            for column in 0..<width {
                let index = row * width + column
                let (old, new) = (
                    before.query[index] * before.norm[column], weights.query[index] * weights.norm[column]
                )
                #expect(abs(old - new) <= 1e-6 * max(1, abs(old)))
            }
        }
    }

    @Test func stopsWhenAsked() throws {
        let cut = try Cut("gqa-tied")
        let blocks = cut.compact(cut.whole.map { max(1, $0 / 2) })
        var asked = 0
        #expect(throws: CancellationError.self) {
            try SequentialRefit(
                cut.model, cut.windows, in: cut.workspace,
                isCancelled: {
                    asked += 1
                    return asked > 20
                })(blocks)
        }
    }
}

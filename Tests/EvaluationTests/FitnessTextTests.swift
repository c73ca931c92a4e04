import Evaluation
import Foundation
import Kernels
import Models
import Testing

struct FitnessTextTests {
    let windows = Fixture.windows([30, 30, 17, 30])

    @Test(arguments: Fixture.allCases, Precision.supported)
    func denseModelDoesNotDivergeFromItself(_ fixture: Fixture, _ precision: Precision) throws {
        let model = try fixture.model(precision)
        let workspace = Workspace(model, rows: 64)
        for count in [1, 8, 256] {
            let text = try FitnessText(windows, mode: .kl, dense: model, in: workspace, topCount: count)
            #expect(abs(try text.score(model, in: workspace)) < 1e-6)
            #expect(text.tokens == 107)
        }
    }

    /// With all of the vocabulary in the top, Σ p·(log p − log q) of the whole distributions.
    @Test(arguments: Fixture.allCases, [0, 1])
    func divergenceEqualsThatOfAllLogits(_ fixture: Fixture, _ block: Int) throws {
        let model = try fixture.model(.float32)
        let pruned = try model.withoutMLP(block)
        let workspace = Workspace(model, rows: 64)
        let text = try FitnessText(
            windows, mode: .kl, dense: model, in: workspace, topCount: model.description.vocabularySize)
        let measured = try text.score(pruned, in: workspace)
        let (p, q) = (try model.logProbabilities(windows), try pruned.logProbabilities(windows))
        let total = zip(p, q).reduce(0.0) { sum, row in
            sum + zip(row.0, row.1).reduce(0.0) { $0 + exp($1.0) * ($1.0 - $1.1) }
        }
        let expected = total / Double(p.count)
        #expect(expected > 1e-3)
        #expect(abs(measured - expected) < 1e-4 * expected, "\(measured) and \(expected)")
    }

    /// Fewer tokens and the rest as one event: positive, and never more than the whole divergence.
    @Test func coarserDivergencesAreLowerBounds() throws {
        let model = try Fixture.untied.model(.float32)
        let pruned = try model.withoutMLP(1)
        let workspace = Workspace(model, rows: 64)
        let scores = try [1, 4, 16, 64, 96].map {
            try FitnessText(windows, mode: .kl, dense: model, in: workspace, topCount: $0).score(pruned, in: workspace)
        }
        #expect(scores[0] > 0)
        #expect(zip(scores, scores.dropFirst()).allSatisfy { $0 <= $1 + 1e-6 })
    }

    @Test(arguments: Fixture.allCases)
    func perplexityModeIsTheLogarithmOfThePerplexity(_ fixture: Fixture) throws {
        let model = try fixture.model(.float32)
        let pruned = try model.withoutMLP(0)
        let workspace = Workspace(model, rows: 64)
        let text = try FitnessText(windows, mode: .perplexity, dense: model, in: workspace)
        for candidate in [model, pruned] {
            let expected = try Perplexity.measure(candidate, windows, in: workspace)
            #expect(abs(try text.score(candidate, in: workspace) - expected.negativeLogLikelihood) < 1e-9)
        }
    }

    @Test(arguments: FitnessMode.allCases)
    func scoringCanBeCancelled(_ mode: FitnessMode) throws {
        let model = try Fixture.tied.model(.float32)
        let workspace = Workspace(model, rows: 30)
        let text = try FitnessText(windows, mode: mode, dense: model, in: workspace)
        #expect(throws: CancellationError.self) { _ = try text.score(model, in: workspace, isCancelled: { true }) }
    }
}

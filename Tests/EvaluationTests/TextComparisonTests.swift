import Foundation
import Models
import Testing

@testable import Evaluation

struct TextComparisonTests {
    let windows = Fixture.windows([30, 30, 17, 30])

    /// One pass gives what two give.
    @Test(arguments: Fixture.allCases, [30, 64, 128])
    func equalsPerplexityAndFitness(_ fixture: Fixture, _ rows: Int) throws {
        let model = try fixture.model(.float32)
        let pruned = try model.withoutMLP(1)
        let workspace = Workspace(model, rows: rows)
        let comparison = try TextComparison(windows, dense: model, in: workspace, maximumDivergenceTokens: 1000)
        let fitness = try FitnessText(windows, mode: .kl, dense: model, in: workspace)
        #expect(comparison.divergenceTokens == 107)
        for candidate in [model, pruned] {
            let measured = try comparison.measure(candidate, in: workspace)
            let expected = try Perplexity.measure(candidate, windows, in: workspace)
            #expect(measured.perplexity.negativeLogLikelihood == expected.negativeLogLikelihood)
            #expect(measured.perplexity.standardError == expected.standardError)
            #expect(measured.perplexity.tokensScored == expected.tokensScored)
            #expect(abs(measured.divergence - (try fitness.score(candidate, in: workspace))) < 1e-9)
        }
        #expect(
            comparison.perplexity.negativeLogLikelihood
                == (try Perplexity.measure(model, windows, in: workspace)).negativeLogLikelihood)
    }

    /// Divergences of the first batches only.
    @Test(arguments: [(0, 30), (59, 30), (60, 60), (77, 77), (106, 77), (107, 107)])
    func divergenceOfTheFirstTokens(_ limit: Int, _ expected: Int) throws {
        let model = try Fixture.untied.model(.float32)
        let pruned = try model.withoutMLP(1)
        let workspace = Workspace(model, rows: 30)
        let comparison = try TextComparison(windows, dense: model, in: workspace, maximumDivergenceTokens: limit)
        #expect(comparison.divergenceTokens == expected)
        let first = try TextComparison(
            windows.reduce(into: [[Int32]]()) { kept, window in
                if kept.reduce(0, { $0 + $1.count }) < expected { kept.append(window) }
            }, dense: model, in: workspace, maximumDivergenceTokens: 1000)
        let whole = try comparison.measure(pruned, in: workspace)
        #expect(abs(whole.divergence - (try first.measure(pruned, in: workspace)).divergence) < 1e-9)
        #expect(whole.perplexity.tokensScored == 103)
    }

    @Test func canBeCancelled() throws {
        let model = try Fixture.tied.model(.float32)
        let workspace = Workspace(model, rows: 30)
        #expect(throws: CancellationError.self) {
            _ = try TextComparison(
                windows, dense: model, in: workspace, maximumDivergenceTokens: 99, isCancelled: { true })
        }
        let comparison = try TextComparison(windows, dense: model, in: workspace, maximumDivergenceTokens: 99)
        #expect(throws: CancellationError.self) {
            _ = try comparison.measure(model, in: workspace, isCancelled: { true })
        }
    }
}

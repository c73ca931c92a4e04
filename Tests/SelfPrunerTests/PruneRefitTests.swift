import Foundation
import Testing

@testable import SelfPruner

@Suite struct PruneRefitTests {
    @Test(arguments: [
        (PruneOptions.Refit.auto, ["none", "output", "residual"]), (.output, ["none", "output"]),
        (.residual, ["none", "residual"]),
    ])
    func `keeps what does best on a text that no fit has seen`(
        refit: PruneOptions.Refit, tried: [String]
    ) async throws {
        let fixture = try PruneFixture()
        let report = try await prune(fixture.options { $0.refit = refit })
        let found = try #require(report.refit)
        #expect(report.settings.refit == refit.rawValue)
        #expect(found.fitness.keys.sorted() == tried)
        #expect(found.fitness[found.target] == found.fitness.values.min())
        #expect(found.steps.isEmpty == (found.target == "none"))
        #expect(found.target != "none")
        #expect(report.markdown.contains("## Refit"))
        // What was written is what was measured: as large as without, and another model if it was refitted.
        let plain = try await prune(fixture.options { $0.overwrite = true })
        #expect(plain.refit == nil)
        #expect(plain.after.parameters == report.after.parameters)
        #expect(
            (plain.after.negativeLogLikelihood == report.after.negativeLogLikelihood) == (found.target == "none"))
    }
}

import Foundation
import SelfPruner
import TestSupport
import Testing

struct CompareTests {
    private let fixture: PruneFixture

    init() throws { fixture = try PruneFixture() }

    private func options(_ proposers: [SearchOptions.ProposerKind] = [.evolution, .uniform]) -> CompareOptions {
        var options = CompareOptions(
            fixture.options().search, proposers: proposers, output: fixture.folder("comparison"))
        options.seeds = 2
        return options
    }

    @Test func `every run is a search that prune does`() async throws {
        let options = options()
        let report = try await compare(options)
        #expect(report.runs.map(\.proposer) == ["evolution", "evolution", "uniform", "uniform"])
        #expect(report.runs.map(\.seed) == [0, 1, 0, 1])
        for run in report.runs {
            let pruned = try await prune(
                fixture.options {
                    $0.allocation = run.proposer == "uniform" ? .uniform : .search
                    $0.proposer = .evolution
                    $0.seed = run.seed
                    $0.overwrite = true
                    $0.form.elementType = .float32
                })
            #expect(abs(pruned.after.perplexity - run.perplexity) < 1e-3 * run.perplexity)
            #expect(abs(pruned.before.perplexity - report.densePerplexity) < 1e-4 * report.densePerplexity)
            if run.proposer == "evolution" {
                #expect(pruned.search?.bestFitness == run.search.bestFitness)
                #expect(pruned.search?.bestSoFar == run.search.bestSoFar)
            }
        }
        // Seeds matter to a search alone.
        #expect(report.runs[2].perplexity == report.runs[3].perplexity)
        #expect(report.runs[0].search.evaluated == options.search.candidates)
    }

    @Test func `one that was stopped goes on`() async throws {
        let observer = CancellingObserver(after: 0, of: "evaluate uniform")
        await #expect(throws: CancellationError.self) { try await compare(options(), observer: observer) }
        #expect(try !fixture.folder.contents("comparison").contains("comparison.json"))
        let second = CancellingObserver(after: .max)
        let report = try await compare(options(), observer: second)
        // What was found before is not measured again.
        #expect(
            second.stages.filter { $0.hasPrefix("evaluate") } == [
                "evaluate dense", "evaluate uniform", "evaluate evolution", "evaluate uniform",
            ])
        try FileManager.default.removeItem(atPath: fixture.folder("comparison"))
        let whole = try await compare(options())
        #expect(report.runs.map(\.perplexity) == whole.runs.map(\.perplexity))
        #expect(report.runs.map(\.search.bestSoFar) == whole.runs.map(\.search.bestSoFar))
    }
}

import Foundation
import SelfPruner
import TestSupport
import Testing

struct FrontierTests {
    private let fixture: PruneFixture

    init() throws { fixture = try PruneFixture() }

    private func options(_ rates: [Double]) -> FrontierOptions {
        var options = FrontierOptions(fixture.options().search, output: fixture.folder("frontier"))
        options.rates = rates
        return options
    }

    @Test func `every point is a model that prune writes`() async throws {
        let report = try await frontier(options([0.5, 0.2]))
        #expect(report.points.map(\.rate) == [0.2, 0.2, 0.5, 0.5])
        #expect(report.points.map(\.allocation) == ["uniform", "search", "uniform", "search"])
        #expect(report.dense.parameters == 71760 && report.dense.fitness == 0)
        for point in report.points {
            #expect(point.removed >= point.rate && point.removed < point.rate + 0.05)
            #expect(point.bfloat16Bytes == 2 * point.parameters)
            let pruned = try await prune(
                fixture.options {
                    $0.rate = point.rate
                    $0.overwrite = true
                    $0.allocation = point.allocation == "uniform" ? .uniform : .search
                    // What was searched is there.
                    if let run = point.run { $0.run = fixture.folder("frontier/\(run)") }
                })
            #expect(pruned.after.parameters == point.parameters)
            #expect(abs(pruned.after.perplexity - point.perplexity) < 1e-3 * point.perplexity)
            if point.allocation == "search" { #expect(pruned.search?.bestFitness == point.fitness) }
        }
        for (uniform, searched) in zip(report.points.prefix(1), report.points.dropFirst().prefix(1)) {
            #expect(searched.fitness <= uniform.fitness)
        }
    }

    @Test func `goes on, and a rate can be added`() async throws {
        let observer = CancellingObserver(after: 0, of: "evaluate searched at 0.4")
        await #expect(throws: CancellationError.self) { try await frontier(options([0.2, 0.4]), observer: observer) }
        #expect(try fixture.folder.contents("frontier") == ["rate-0.2", "rate-0.4"])
        let second = CancellingObserver(after: .max)
        let whole = try await frontier(options([0.2, 0.4]), observer: second)
        // Only what was missing.
        #expect(second.stages.filter { $0.hasPrefix("evaluate") } == ["evaluate dense", "evaluate searched at 0.4"])
        let third = CancellingObserver(after: .max)
        let more = try await frontier(options([0.2, 0.3, 0.4]), observer: third)
        #expect(
            third.stages.filter { $0.hasPrefix("evaluate") } == [
                "evaluate dense", "evaluate uniform at 0.3", "evaluate searched at 0.3",
            ])
        #expect(more.points.filter { $0.rate != 0.3 }.map(\.perplexity) == whole.points.map(\.perplexity))
        let csv = String(decoding: try fixture.folder.data("frontier/frontier.csv"), as: UTF8.self)
        #expect(csv.split(separator: "\r\n").count == 8)
        #expect(csv.contains("search,0.3,"))
        #expect(try fixture.folder.data("frontier/frontier.json") == JSONOutput.encode(more))
        let svg = String(decoding: try fixture.folder.data("frontier/frontier.svg"), as: UTF8.self)
        #expect(svg.contains("searched") && svg.contains("uniform"))
        #expect(String(decoding: try fixture.folder.data("frontier/frontier.md"), as: UTF8.self).contains("×1.00"))
    }

    @Test func `what makes no sense is refused before anything is made`() async throws {
        for rates in [[], [0.2, 0.2], [0], [1.5], [0.2, .nan]] {
            await #expect(throws: SelfPrunerError.self) { try await frontier(options(rates)) }
        }
        var uniform = options([0.2])
        uniform.search.proposer = .uniform
        await #expect(throws: SelfPrunerError.self) { try await frontier(uniform) }
        uniform.search.proposer = .evolution
        uniform.search.method = .flap
        await #expect { try await frontier(uniform) } throws: { "\($0)".contains("nothing to search") }
        await #expect { try await frontier(options([0.2, 0.9999])) } throws: { "\($0)".contains("budget") }
        #expect(try fixture.folder.contents() == fixture.inputs())
        try fixture.folder.write("frontier/mine.txt", Data("mine".utf8))
        await #expect { try await frontier(options([0.2])) } throws: { "\($0)".contains("mine.txt") }
    }
}

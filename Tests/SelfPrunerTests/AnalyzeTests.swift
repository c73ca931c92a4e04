import Foundation
import TestSupport
import Testing

@testable import SelfPruner

struct AnalyzeTests {
    private func options(
        _ fixture: PruneFixture, _ change: (inout AnalyzeOptions) -> Void = { _ in }
    ) -> AnalyzeOptions {
        var options = AnalyzeOptions(fixture.options().search)
        options.tokens = 128
        options.pairs = 3
        change(&options)
        return options
    }

    @Test(arguments: [SearchOptions.Method.nested, .wandaSP], [SearchOptions.Fitness.kl, .perplexity])
    func `every figure is that of the cut model`(
        _ method: SearchOptions.Method, _ fitness: SearchOptions.Fitness
    ) throws {
        let fixture = try PruneFixture()
        let options = options(fixture) {
            $0.search.method = method
            $0.search.fitness = fitness
        }
        let report = try analyze(options)
        // Each cut again, alone.
        let prepared = try PreparedModel(options.prepared, .float32, SilentObserver())
        var times = StageTimes()
        let shared = try PreparedSearch(prepared, options.prepared, &times, SilentObserver())
        let space = shared.space
        func loss(_ sublayers: [Int], _ levels: [Int]) throws -> Double {
            try shared.losses(of: [shared.cut(sublayers, to: levels)], stage: "", unit: "", SilentObserver())[0]
        }
        let nothing = space.sublayers.map { _ in 0 }
        #expect(report.blocks.count == 3)
        var measured = 0
        for (place, block) in report.blocks.enumerated() {
            #expect(block.index == place)
            #expect(try block.loss == loss([2 * place, 2 * place + 1], nothing))
            for (offset, levels) in [block.attention, block.mlp].enumerated() {
                let index = 2 * place + offset
                #expect(levels.map(\.units) == space.sublayers[index].units)
                #expect(levels.last?.loss == 0 && levels.last?.rate == 0)
                #expect(levels.first?.measured == true && levels.last?.measured == true)
                for (level, value) in levels.enumerated() where value.measured && level < levels.count - 1 {
                    var all = nothing
                    all[index] = level
                    #expect(try value.loss == loss([index], all))
                    measured += 1
                }
            }
        }
        #expect(report.ranking.sorted() == [0, 1, 2])
        let ranked = report.ranking.map { report.blocks[$0].loss }
        #expect(ranked == ranked.sorted())
        // Three blocks, and three sublayers, two at a time.
        #expect(report.pairs.count == 6)
        #expect(report.measured == measured + 3 + 6)
        #expect(report.pairs.map(\.interaction) == report.pairs.map(\.interaction).sorted(by: >))
        for pair in report.pairs {
            let sublayers = pair.parts.map { part in
                part.kind == "block"
                    ? [2 * part.block, 2 * part.block + 1] : [2 * part.block + (part.kind == "mlp" ? 1 : 0)]
            }
            #expect(try pair.loss == loss(sublayers.flatMap { $0 }, nothing))
            let alone = try sublayers.map { try loss($0, nothing) }
            #expect(abs(pair.sum - alone.reduce(0, +)) < 1e-12)
            #expect(abs(pair.interaction - (pair.loss - pair.sum)) < 1e-12)
        }
        let mlp = try #require(report.kinds.first { $0.name == "mlp" })
        #expect(abs(mlp.loss - report.blocks.reduce(0) { $0 + $1.mlp[0].loss }) < 1e-12)
        // A perplexity may fall by chance, and then there is no relative error.
        if fitness == .kl { #expect(report.interpolation.checks > 0) }
    }

    /// Nothing beyond the foretold levels is measured when nobody asks, and the same call gives the same figures.
    @Test func `checks and pairs are optional, and figures are the same again`() throws {
        let fixture = try PruneFixture()
        let few = try analyze(
            options(fixture) {
                $0.checks = 0
                $0.pairs = 0
            })
        #expect(few.pairs.isEmpty && few.interpolation.checks == 0)
        #expect(few.blocks.flatMap(\.mlp).contains { !$0.measured })
        let (first, second) = (try analyze(options(fixture)), try analyze(options(fixture)))
        for (one, other) in zip(first.blocks, second.blocks) {
            #expect(one.attention.map(\.loss) == other.attention.map(\.loss))
            #expect(one.mlp.map(\.loss) == other.mlp.map(\.loss))
        }
        #expect(first.pairs.map(\.loss) == second.pairs.map(\.loss))
        #expect(try fixture.folder.contents() == fixture.inputs())
    }

    @Test func `a pruned model, without some sublayers, too`() async throws {
        let fixture = try PruneFixture()
        _ = try await prune(fixture.options { $0.rate = 0.9 })
        let options = options(fixture) { $0.search.model = fixture.folder("smaller") }
        let report = try analyze(options)
        for block in report.blocks { #expect(block.loss.isFinite) }
        let table = report.blockTable(bars: true, isUnicode: false).plain()
        #expect(table.contains("sum"))
        #expect(report.chartSVG.hasPrefix("<svg") && report.words.contains("128 tokens"))
    }

    @Test func `options that make no sense`() throws {
        let fixture = try PruneFixture()
        for change: (inout AnalyzeOptions) -> Void in [
            { $0.tokens = 1 }, { $0.pairs = -1 }, { $0.pairs = 65 }, { $0.checks = -1 }, { $0.search.ridge = -1 },
            { $0.search.method = .sleb },
        ] { #expect(throws: SelfPrunerError.self) { try analyze(options(fixture, change)) } }
        #expect(throws: SelfPrunerError.self) { try analyze(options(fixture) { $0.tokens = 1_000_000 }) }
    }

    @Test func `can be cancelled`() throws {
        let fixture = try PruneFixture()
        for stage in ["measure parts", "measure pairs"] {
            let observer = CancellingObserver(after: 1, of: stage)
            #expect(throws: CancellationError.self) { try analyze(options(fixture), observer: observer) }
        }
    }
}

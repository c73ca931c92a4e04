import Foundation
import TestSupport
import Testing

@testable import SelfPruner

/// Pruning by query heads of key/value groups (`--attention-units heads`).
struct QueryHeadTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var fixture = "gqa-untied"
        var method = SearchOptions.Method.nested
        var allocation: PruneOptions.Allocation?
        var granularity = SearchOptions.Granularity.sublayer
        var rate = 0.3
        var format = OutputForm.Format.hf
        var order = SearchOptions.Order.auto
        var refit = PruneOptions.Refit.none

        var testDescription: String {
            "\(fixture) \(method.rawValue) \(allocation?.rawValue ?? "default") \(granularity.rawValue) \(rate) "
                + "\(format.rawValue) \(order.rawValue) \(refit.rawValue)"
        }

        func apply(_ options: inout PruneOptions) {
            options.attentionUnits = .heads
            options.rate = rate
            options.method = method
            options.allocation = allocation
            options.granularity = granularity
            options.form.format = format
            options.order = order
            options.refit = refit
        }
    }

    static let cases = [
        Case(), Case(format: .gguf), Case(format: .hfPadded), Case(fixture: "odd", rate: 0.5),
        Case(fixture: "odd", rate: 0.5, format: .gguf), Case(fixture: "odd", rate: 0.5, format: .hfPadded),
        Case(fixture: "gqa-tied", granularity: .layer, rate: 0.4), Case(fixture: "biases", rate: 0.4),
        Case(fixture: "biases", method: .wandaSP, rate: 0.5, format: .hfPadded), Case(fixture: "mha", rate: 0.3),
        Case(method: .wandaSP, rate: 0.4), Case(method: .wandaSP, allocation: .search, rate: 0.4, order: .surgeon),
        Case(method: .magnitude, rate: 0.4), Case(fixture: "odd", method: .random, rate: 0.4, format: .gguf),
        Case(fixture: "odd", method: .flap, allocation: .uniform, rate: 0.4),
        Case(method: .flap, allocation: .owl, rate: 0.4), Case(method: .nested, allocation: .owl, rate: 0.4),
        Case(order: .forward), Case(order: .flap), Case(order: .wanda), Case(order: .random),
        Case(fixture: "odd", rate: 0.4, refit: .residual), Case(rate: 0.9),
    ]

    /// What is written is read back and compared by `prune` itself; here the budget, the shapes and the report.
    @Test(arguments: cases) func `gives a smaller model and a true report`(_ test: Case) async throws {
        let fixture = try PruneFixture(test.fixture)
        let report = try await prune(fixture.options(test.apply))
        #expect(report.settings.attentionUnits == "heads")
        #expect(report.markdown.contains("query heads"))
        #expect(report.after.perplexity.isFinite)
        let dense = try ModelSummary(inspecting: fixture.model)
        for (block, whole) in zip(report.blocks, dense.blocks) {
            #expect(block.denseQueryHeads == whole.queryHeads && block.denseKeyValueHeads == whole.keyValueHeads)
            #expect((block.queryHeads == 0) == (block.keyValueHeads == 0))
            guard block.keyValueHeads > 0 else { continue }
            let (kept, most) = (block.queryHeads / block.keyValueHeads, whole.queryHeads / whole.keyValueHeads)
            #expect(block.queryHeads == kept * block.keyValueHeads && (1...most).contains(kept))
        }
        guard test.format == .hf else { return }
        #expect(report.rate.decoder >= test.rate)
        let smaller = try ModelSummary(inspecting: fixture.folder("smaller"))
        #expect(report.blocks.map(\.queryHeads) == smaller.blocks.map(\.queryHeads))
        #expect(report.blocks.map(\.keyValueHeads) == smaller.blocks.map(\.keyValueHeads))
        #expect(smaller.parameters == report.after.parameters)
        // It runs token by token, too.
        var options = GenerateOptions(model: fixture.folder("smaller"), prompt: "the cat")
        options.compute = ComputeOptions(precision: .float32, threads: 1)
        options.maximumTokens = 4
        #expect((1...4).contains(try generate(options).ids.count))
    }

    /// With heads there are levels that groups do not have, and among the shapes of some models they are used.
    @Test func `groups keep some of their heads`() async throws {
        let fixture = try PruneFixture("odd")
        var shapes = Set<[Int]>()
        for rate in [0.2, 0.35, 0.5, 0.65] {
            let report = try await prune(
                fixture.options {
                    $0.attentionUnits = .heads
                    $0.allocation = .uniform
                    $0.rate = rate
                    $0.overwrite = true
                })
            for block in report.blocks { shapes.insert([block.keyValueHeads, block.queryHeads]) }
        }
        #expect(shapes.contains { $0[0] > 0 && $0[1] < 3 * $0[0] }, "\(shapes)")
    }

    /// From every format to every other, and pruned once more, by groups of what there is then.
    @Test(arguments: [OutputForm.Format.hf, .hfPadded, .gguf])
    func `blocks with other ratios survive every form`(_ format: OutputForm.Format) async throws {
        let fixture = try PruneFixture("odd")
        let report = try await prune(
            fixture.options {
                $0.attentionUnits = .heads
                $0.rate = 0.5
                $0.candidates = 20
            })
        func loss(_ name: String) throws -> Double {
            var options = EvaluateOptions(model: fixture.folder(name), text: fixture.folder("evaluation.txt"))
            options.sequenceLength = 64
            options.maximumTokens = 256
            options.compute = ComputeOptions(precision: .float32, threads: 1)
            return try evaluate(options).negativeLogLikelihood
        }
        func export(_ model: String, _ output: String, _ format: OutputForm.Format) throws {
            var options = ExportOptions(model: fixture.folder(model), output: fixture.folder(output))
            options.form = OutputForm(format)
            if format == .gguf { options.form.quantization = .f32 }
            options.compute = ComputeOptions(precision: .float32, threads: 1)
            #expect(try SelfPruner.export(options).check.deviation < 1e-4)
        }
        let before = report.after.negativeLogLikelihood
        try export("smaller", "other", format)
        #expect(abs(try loss("other") - before) < 1e-4 * before)
        try export("other", "back", .hf)
        #expect(abs(try loss("back") - before) < 1e-4 * before)
        for (units, output) in [(SearchOptions.AttentionUnits.groups, "byGroups"), (.heads, "byHeads")] {
            let again = try await prune(
                fixture.options {
                    $0.model = fixture.folder("other")
                    $0.output = fixture.folder(output)
                    $0.attentionUnits = units
                    $0.rate = 0.2
                })
            #expect(abs(again.before.negativeLogLikelihood - before) < 1e-4 * before)
        }
    }

    // MARK: Runs

    @Test func `a run of groups is not continued with heads, nor the other way around`() async throws {
        let fixture = try PruneFixture()
        func search(_ units: SearchOptions.AttentionUnits, _ run: String, _ candidates: Int = 8) async throws {
            let options = fixture.options {
                $0.attentionUnits = units
                $0.candidates = candidates
            }
            _ = try await SelfPruner.search(options.search, run: fixture.folder(run))
        }
        try await search(.heads, "heads")
        try await search(.groups, "groups")
        for (units, run) in [(SearchOptions.AttentionUnits.groups, "heads"), (.heads, "groups")] {
            await #expect { try await search(units, run) } throws: { "\($0)".contains("attentionUnits") }
        }
        #expect(try searchOptions(ofRun: fixture.folder("heads")).attentionUnits == .heads)
        #expect(try searchOptions(ofRun: fixture.folder("groups")).attentionUnits == .groups)
        // Runs from before there was a choice say nothing of it, and go on.
        let text = String(decoding: try fixture.folder.data("groups/run.json"), as: UTF8.self)
        #expect(!text.contains("attentionUnits"))
        try await search(.heads, "heads", 12)
    }

    /// The levels depend on the calibration; a run that goes on finds the same.
    @Test func `a continued run equals one without a stop`() async throws {
        let fixture = try PruneFixture("odd")
        func search(_ run: String, _ candidates: Int) async throws -> SearchReport {
            let options = fixture.options {
                $0.attentionUnits = .heads
                $0.rate = 0.5
                $0.candidates = candidates
                $0.proposer = .evolution
            }
            return try await SelfPruner.search(options.search, run: fixture.folder(run))
        }
        let whole = try await search("whole", 24)
        _ = try await search("parts", 12)
        let parts = try await search("parts", 24)
        #expect(whole.best?.levels == parts.best?.levels && whole.bestFitness == parts.bestFitness)
    }

    // MARK: Other commands

    @Test func `analyze states the heads of every level`() throws {
        let fixture = try PruneFixture("odd")
        var options = AnalyzeOptions(fixture.options { $0.attentionUnits = .heads }.search)
        options.tokens = 128
        let report = try analyze(options)
        for block in report.blocks {
            #expect(block.attention.count > 3)
            #expect(block.attention.first?.queryHeads == 0 && block.attention.last?.queryHeads == 6)
            for level in block.attention where level.units > 0 {
                #expect(try #require(level.queryHeads).isMultiple(of: level.units))
            }
            let rates = block.attention.map(\.rate)
            #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 > $1 })
            #expect(block.mlp.allSatisfy { $0.queryHeads == nil })
        }
        // Levels have no names that are numbers of groups.
        #expect(report.blockTable(bars: false, isUnicode: false).plain().contains("attention −50 %"))
        var groups = options
        groups.search.attentionUnits = .groups
        #expect(try analyze(groups).blockTable(bars: false, isUnicode: false).plain().contains("attention −1/2"))
    }

    @Test func `frontier and compare`() async throws {
        let fixture = try PruneFixture("odd")
        let search = fixture.options { $0.attentionUnits = .heads }.search
        var options = FrontierOptions(search, output: fixture.folder("frontier"))
        options.rates = [0.3, 0.5]
        let report = try await frontier(options)
        #expect(report.points.count == 4)
        for point in report.points { #expect(point.removed >= point.rate && point.perplexity.isFinite) }
        var comparison = CompareOptions(search, proposers: [.evolution, .random], output: fixture.folder("comparison"))
        comparison.seeds = 1
        #expect(try await compare(comparison).runs.count == 2)
    }

    /// The size holds although the levels are not known when it becomes a rate.
    @Test(arguments: [PruneOptions.Allocation.search, .uniform], [OutputForm.Quantization.f16, .q80, .q4KM])
    func sizes(_ allocation: PruneOptions.Allocation, _ quantization: OutputForm.Quantization) async throws {
        let fixture = try PruneFixture()
        for limit in [100_000, 110_000, 120_000] {
            let report = try await prune(
                fixture.options {
                    $0.attentionUnits = .heads
                    $0.allocation = allocation
                    $0.amount = .size(bytes: limit)
                    $0.form = OutputForm(.gguf)
                    $0.form.quantization = quantization
                    $0.overwrite = true
                })
            let bytes = try fixture.folder.data("smaller/model.gguf").count
            #expect(bytes <= limit && report.target?.reached == Double(bytes))
        }
    }

    // MARK: Refusals

    @Test(arguments: [
        (SearchOptions.Method.shortgpt, PruneOptions.Allocation?.none, "whole blocks"), (.sleb, nil, "whole blocks"),
        (.flap, nil, "one threshold"), (.flap, .global, "by groups"),
    ])
    func `methods that do not go by heads`(
        _ method: SearchOptions.Method, _ allocation: PruneOptions.Allocation?, _ words: String
    ) async throws {
        let fixture = try PruneFixture()
        await #expect {
            try await prune(
                fixture.options {
                    $0.attentionUnits = .heads
                    $0.method = method
                    $0.allocation = allocation
                })
        } throws: {
            ($0 as? SelfPrunerError)?.code == .badOption && "\($0)".contains(words)
        }
        #expect(try fixture.folder.contents() == fixture.inputs())
    }
}

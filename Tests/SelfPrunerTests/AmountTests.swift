import Foundation
import SelfPruner
import TestSupport
import Testing

/// How much to prune, said as a size, a number of parameters or a loss.
struct AmountTests {
    private let fixture: PruneFixture

    init() throws { fixture = try PruneFixture() }

    private func prune(
        _ amount: PruneOptions.Amount, _ change: (inout PruneOptions) -> Void = { _ in },
        observer: some RunObserver = SilentObserver()
    ) async throws -> PruneReport {
        try await SelfPruner.prune(
            fixture.options {
                $0.amount = amount
                change(&$0)
            }, observer: observer)
    }

    private func size(_ name: String) throws -> Int { try fixture.folder.data("smaller/\(name)").count }

    @Test(arguments: [PruneOptions.Allocation.search, .uniform], [60000, 45000])
    func `parameters`(_ allocation: PruneOptions.Allocation, _ count: Int) async throws {
        let report = try await prune(.parameters(count)) { $0.allocation = allocation }
        let summary = try ModelSummary(inspecting: fixture.folder("smaller"))
        #expect(summary.parameters == report.after.parameters)
        #expect(summary.parameters <= count)
        // One step of an MLP is 8 channels of 3 × 48, an attention group 16 × 48 × 6.
        #expect(summary.parameters > count - 3 * 48 * 8)
        let target = try #require(report.target)
        #expect(target.kind == "parameters")
        #expect(target.asked == Double(count) && target.reached == Double(summary.parameters))
        // The same as the rate that it came to.
        let rated = try await SelfPruner.prune(
            fixture.options {
                $0.rate = report.settings.rate
                $0.allocation = allocation
                $0.overwrite = true
            })
        #expect(rated.after.negativeLogLikelihood == report.after.negativeLogLikelihood)
        #expect(rated.target == nil)
    }

    struct Form: Sendable {
        var form: OutputForm
        var bytes: Int
        var shards: Int?

        init(_ format: OutputForm.Format, _ bytes: Int, _ change: (inout OutputForm) -> Void = { _ in }) {
            form = OutputForm(format)
            change(&form)
            self.bytes = bytes
        }
    }

    @Test(arguments: [
        Form(.hf, 230_000), Form(.hf, 120_000) { $0.elementType = .bfloat16 },
        Form(.hf, 200_000) { $0.maximumShardBytes = 40_000 }, Form(.gguf, 130_000) { $0.quantization = .f16 },
        Form(.gguf, 100_000) { $0.quantization = .q80 }, Form(.gguf, 110_000) { $0.quantization = .q4KM },
    ])
    func `sizes`(_ test: Form) async throws {
        for allocation in [PruneOptions.Allocation.search, .uniform] {
            let report = try await prune(.size(bytes: test.bytes)) {
                $0.form = test.form
                $0.allocation = allocation
                $0.overwrite = true
            }
            let files = try fixture.folder.contents("smaller")
                .filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".gguf") }
            let bytes = try files.reduce(0) { try $0 + size($1) }
            let target = try #require(report.target)
            #expect(target.reached == Double(bytes))
            #expect(bytes <= test.bytes)
            // Within a few steps of an MLP: what an attention keeps may be of a smaller type than what an MLP does.
            #expect(bytes > test.bytes * 9 / 10, "\(bytes) of \(test.bytes)")
            #expect(report.markdown.contains(try #require(report.targetWords)))
        }
    }

    @Test func `what cannot be met is refused with what can`() async throws {
        let whole = try ModelSummary(inspecting: fixture.model)
        let cases: [(PruneOptions.Amount, OutputForm, String)] = [
            (.parameters(whole.parameters), OutputForm(.hf), "\(whole.parameters)"),
            (.parameters(5000), OutputForm(.hf), "5000"), (.parameters(0), OutputForm(.hf), "parameters"),
            (.size(bytes: 10_000_000), OutputForm(.hf), "Nothing needs to be cut"),
            (.size(bytes: 1000), OutputForm(.hf), "1000"), (.size(bytes: 0), OutputForm(.hf), "size"),
            (.size(bytes: 100_000), OutputForm(.hfPadded), "padded"),
            (.perplexityIncrease(0), OutputForm(.hf), "perplexity"),
            (.perplexityIncrease(.nan), OutputForm(.hf), "perplexity"),
        ]
        for (amount, form, word) in cases {
            await #expect("\(amount)") {
                try await prune(amount) { $0.form = form }
            } throws: { "\($0)".contains(word) }
        }
        #expect(try fixture.folder.contents() == fixture.inputs())
    }

    @Test(arguments: [
        (SearchOptions.Method.shortgpt, PruneOptions.Amount.size(bytes: 200_000)),
        (.flap, .size(bytes: 200_000)), (.flap, .perplexityIncrease(0.1)), (.sleb, .perplexityIncrease(0.1)),
    ])
    func `amounts that a method's own allocation cannot hold are refused`(
        _ method: SearchOptions.Method, _ amount: PruneOptions.Amount
    ) async throws {
        await #expect { try await prune(amount) { $0.method = method } } throws: { "\($0)".contains("ask for a rate") }
        #expect(try fixture.folder.contents() == fixture.inputs())
    }

    @Test(arguments: [SearchOptions.Method.flap, .shortgpt, .sleb])
    func `a number of parameters holds with a method's own allocation`(_ method: SearchOptions.Method) async throws {
        let report = try await prune(.parameters(55000)) { $0.method = method }
        #expect(report.after.parameters <= 55000)
        #expect(report.target?.reached == Double(report.after.parameters))
    }

    @Test(arguments: [PruneOptions.Allocation.search, .uniform], [0.02, 0.1])
    func `perplexity`(_ allocation: PruneOptions.Allocation, _ increase: Double) async throws {
        let report = try await prune(.perplexityIncrease(increase)) { $0.allocation = allocation }
        let target = try #require(report.target)
        #expect(target.kind == "perplexityIncrease")
        #expect(target.reached <= increase)
        let chosen = try #require(target.steps.first { $0.rate == report.settings.rate })
        #expect(chosen.increase == target.reached)
        // One percent more was tried and is too much, unless that is all there is.
        let more = target.steps.first { abs($0.rate - chosen.rate - 0.01) < 1e-9 }
        if chosen.rate < 0.95 { #expect((more?.increase ?? 0) > increase, "\(target.steps)") }
        #expect(report.rate.decoder >= chosen.rate)
        #expect(try fixture.folder.contents() == (fixture.inputs() + ["smaller"]).sorted())
        if allocation == .search {
            #expect(try fixture.folder.contents("smaller/search").contains("journal.jsonl"))
            #expect(report.search?.best != nil)
        }
    }

    /// A random model may do better with less of it, so both ends are right here.
    @Test func `no rate may hold it`() async throws {
        do {
            let report = try await prune(.perplexityIncrease(1e-7))
            #expect(try #require(report.target).reached <= 1e-7)
        } catch {
            #expect("\(error)".contains("No rate"))
            #expect(try fixture.folder.contents().contains("smaller") == false)
        }
    }

    /// Wherever it is stopped, the same call goes on and ends with the same model; nothing is searched twice.
    @Test func `goes on after an interruption`() async throws {
        let whole = try await prune(.perplexityIncrease(0.05)) { $0.run = fixture.folder("runs") }
        let rates = try #require(whole.target).steps.map(\.rate)
        #expect(try fixture.folder.contents("runs") == rates.map { "rate-\($0)" }.sorted())
        let other = try PruneFixture()
        func again(_ observer: CancellingObserver) async throws -> PruneReport {
            try await SelfPruner.prune(other.options { $0.amount = .perplexityIncrease(0.05) }, observer: observer)
        }
        await #expect(throws: CancellationError.self) { try await again(CancellingObserver(after: 3, of: "search")) }
        #expect(try other.folder.contents("smaller.run") == ["rate-\(rates[0])"])
        await #expect(throws: CancellationError.self) {
            try await again(CancellingObserver(after: 0, of: "evaluate after"))
        }
        let observer = CancellingObserver(after: .max)
        let report = try await again(observer)
        #expect(!observer.stages.contains { $0.hasPrefix("perplexity at") })
        #expect(report.target?.steps.map(\.rate) == rates)
        #expect(report.after.negativeLogLikelihood == whole.after.negativeLogLikelihood)
        #expect(report.blocks.map(\.channels) == whole.blocks.map(\.channels))
        #expect(try other.folder.contents() == (other.inputs() + ["smaller"]).sorted())
    }

    @Test func `a folder of something else is left alone`() async throws {
        try fixture.folder.write("runs/mine.txt", Data("mine".utf8))
        await #expect {
            try await prune(.perplexityIncrease(0.05)) { $0.run = fixture.folder("runs") }
        } throws: { "\($0)".contains("mine.txt") }
        #expect(try fixture.folder.contents("runs") == ["mine.txt"])
    }
}

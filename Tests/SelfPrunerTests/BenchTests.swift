import Foundation
import TestSupport
import Testing

@testable import SelfPruner

struct BenchTests {
    private let folder: TemporaryFolder
    private let models: [String]

    init() throws {
        let folder = try TemporaryFolder()
        models = try ["gqa-tied", "gqa-untied"].map { try TinyModel.make($0, in: folder) }
        self.folder = folder
    }

    private func options(_ change: (inout BenchOptions) -> Void = { _ in }) -> BenchOptions {
        var options = BenchOptions(models: models, reference: 1)
        options.promptTokens = 20
        options.newTokens = 6
        options.runs = 3
        options.compute = ComputeOptions(precision: .float32, threads: 1)
        change(&options)
        return options
    }

    /// As the run with this number would say.
    private static func run(_ number: Double) -> BenchRun {
        BenchRun(
            loadSeconds: number, firstTokenSeconds: 2 * number, prefillTokensPerSecond: 100 * number,
            decodeTokensPerSecond: 10 * number, peakMemoryBytes: Int(1000 * number), precision: "float32", threads: 1)
    }

    @Test func `a run measures`() throws {
        let run = try benchRun(models[0], options())
        for value in [
            run.loadSeconds, run.firstTokenSeconds, run.prefillTokensPerSecond, run.decodeTokensPerSecond,
        ] {
            #expect(value > 0 && value.isFinite)
        }
        #expect(run.peakMemoryBytes > 4 * 60000 && run.precision == "float32" && run.threads == 1)
    }

    /// Turns are A B A B, and ratios are of turns.
    @Test func `models take turns`() throws {
        var order: [String] = []
        // The first is half as fast as the second, and both become slower.
        let numbers: [Double] = [4, 8, 2, 4, 1, 3]
        let report = try bench(options()) { model in
            order.append(model)
            return Self.run(numbers[order.count - 1])
        }
        #expect(order == models + models + models)
        #expect(report.models.map(\.model) == models && report.reference == models[1])
        let (first, second) = (report.models[0], report.models[1])
        #expect(first.figures.prefillTokensPerSecond == BenchReport.Spread([100, 400, 200]))
        #expect(second.figures.decodeTokensPerSecond == BenchReport.Spread([30, 40, 80]))
        let ratios = try #require(first.ratios)
        #expect(ratios.loadSeconds.median == 0.5 && ratios.loadSeconds.highest == 0.5)
        #expect(abs(ratios.loadSeconds.lowest - 1.0 / 3) < 1e-12)
        #expect(second.ratios == nil)
        #expect(first.runs.map(\.loadSeconds) == [4, 2, 1])
        let size = { (name: String) in try folder.data("\(name)/model.safetensors").count }
        #expect(first.figures.diskBytes.median == Double(try size("gqa-tied")))
        #expect(abs(ratios.diskBytes.median - Double(try size("gqa-tied")) / Double(try size("gqa-untied"))) < 1e-12)
        #expect(report.runs == 3 && report.promptTokens == 20 && report.newTokens == 6)

        let table = report.table.plain()
        for text in ["gqa-tied", "gqa-untied", "prefill, tokens/s", "×0.50", "×0.33 … ×0.50", "100 … 400"] {
            #expect(table.contains(text), "\(text)")
        }
        #expect(report.words.contains("turn by turn"))
    }

    @Test func `spreads`() {
        let odd = BenchReport.Spread([5, 1, 3])
        #expect(odd.median == 3 && odd.lowest == 1 && odd.highest == 5)
        #expect(BenchReport.Spread([4, 1, 2, 9]).median == 3)
        #expect(BenchReport.Spread([7]).median == 7)
    }

    @Test func `one model has no ratios`() throws {
        let report = try bench(options { ($0.models, $0.reference) = ([models[0]], nil) }) { _ in Self.run(1) }
        #expect(report.models.count == 1 && report.models[0].ratios == nil && report.reference == nil)
        #expect(!report.table.plain().contains("ratio"))
    }

    @Test(
        arguments: [
            { $0.promptTokens = 0 }, { $0.newTokens = 0 }, { $0.runs = 0 }, { $0.runs = 1001 }, { $0.models = [] },
            { $0.promptTokens = .max }, { $0.promptTokens = 250 },
        ] as [@Sendable (inout BenchOptions) -> Void])
    func `options that make no sense`(_ change: @Sendable (inout BenchOptions) -> Void) {
        let options = options {
            $0.reference = nil
            change(&$0)
        }
        #expect { try bench(options) { _ in Self.run(1) } } throws: { ($0 as? SelfPrunerError)?.code == .badOption }
    }

    @Test func `the most that the context allows`() throws {
        _ = try bench(options { $0.promptTokens = TinyModel.contextLength - 7 }) { _ in Self.run(1) }
        #expect { try benchRun(models[0], options { $0.promptTokens = TinyModel.contextLength - 6 }) } throws: {
            "\($0)".contains("256")
        }
    }

    @Test func `a missing model is found before anything is measured`() {
        #expect { try bench(options { $0.models[1] = folder("none") }) { _ in throw CancellationError() } } throws: {
            "\($0)".contains(folder("none"))
        }
    }

    @Test func `can be cancelled`() {
        var runs = 0
        #expect(throws: CancellationError.self) {
            _ = try bench(options(), observer: CancellingObserver(after: 2)) { _ in
                runs += 1
                return Self.run(1)
            }
        }
        #expect(runs == 2)
    }

    @Test(
        arguments: [
            (["a/model.gguf"], ["model.gguf"]), (["a/model.gguf", "b/model.gguf"], ["a/model.gguf", "b/model.gguf"]),
            (["/x/dense", "smaller/"], ["dense", "smaller"]), (["same", "same"], ["same", "same"]),
            (["/", "a"], ["/", "a"]), ([], []),
        ] as [([String], [String])])
    func `short names tell models apart`(_ paths: [String], _ expected: [String]) {
        #expect(ModelNames(paths).short == expected)
    }
}

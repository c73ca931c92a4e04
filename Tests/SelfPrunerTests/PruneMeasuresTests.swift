import Foundation
import TestSupport
import Testing

@testable import SelfPruner

/// What the report of a pruning has of what `compare-models` measures.
struct PruneMeasuresTests {
    private let fixture: PruneFixture

    init() throws {
        fixture = try PruneFixture()
        let questions = ["cat", "bird", "mat", "snow"].enumerated().map { number, thing in
            #"{"goal": "find a \#(thing)", "sol1": "sing over it", "sol2": "go to the field again", "label": \#(number % 2)}"#
        }
        try fixture.folder.write("data/piqa_validation.jsonl", Data(questions.joined(separator: "\n").utf8))
        try fixture.folder.write("prompts.txt", Data("the cat\nsnow | on\n".utf8))
    }

    private func options(_ change: (inout PruneOptions) -> Void = { _ in }) -> PruneOptions {
        fixture.options {
            $0.allocation = .uniform
            $0.form.elementType = .float32
            var tasks = TaskSelection(["piqa"])
            tasks.dataFolder = fixture.folder("data")
            $0.tasks = tasks
            var continuations = GeneratePromptsOptions(model: "", prompts: fixture.folder("prompts.txt"))
            continuations.maximumTokens = 10
            $0.continuations = continuations
            change(&$0)
        }
    }

    @Test func `agrees with compare-models`() async throws {
        let options = options()
        let report = try await prune(options)
        var comparison = CompareModelsOptions(models: [fixture.model, fixture.folder("smaller")])
        var text = EvaluateOptions(model: "", text: fixture.folder("evaluation.txt"))
        text.sequenceLength = options.sequenceLength
        text.maximumTokens = options.evaluationTokens
        comparison.text = text
        comparison.tasks = options.tasks
        comparison.prompts = options.continuations
        comparison.compute = options.compute
        let expected = try compareModels(comparison) { _ in throw SelfPrunerError(.processFailed, "asked") }
        for (figures, model) in zip([report.before, report.after], expected.models) {
            #expect(figures.perplexity == model.perplexity)
            #expect(figures.divergence == model.divergence)
            #expect(figures.tasks?.tasks.map(\.accuracy) == model.tasks?.tasks.map(\.accuracy))
            #expect(figures.diversity == model.diversity && figures.continuations == model.continuations)
        }
        #expect(report.after.tasks?.peakMemoryBytes == nil && report.before.tasks?.weightBytes ?? 0 > 0)
        #expect(report.seconds["evaluate tasks and prompts after"] ?? 0 > 0)
        #expect(report.before.divergence == nil)
        #expect(try #require(report.after.divergence) > 1e-3)
        #expect(report.protocols.divergenceTokens == 256)
        #expect(report.protocols.generation == expected.protocols.generation)
        let (rows, expectedRows) = (report.models.measured, expected.measured)
        #expect(rows.tasks == expectedRows.tasks && rows.tasks.count == 2)
        #expect(rows.diversity == expectedRows.diversity && !rows.diversity.isEmpty)
        #expect(rows.divergence == expectedRows.divergence && rows.divergence?[1] == "–")
        let table = report.comparison.plain()
        for row in rows.tasks + rows.diversity { #expect(table.contains(row[0])) }
        let markdown = String(decoding: try fixture.folder.data("smaller/report.md"), as: UTF8.self)
        #expect(markdown.contains("## Continuations") && markdown.contains("| the cat"))
        #expect(markdown.contains("Continuations of 2 prompts (prompts.txt), at most 10 tokens each"))
        #expect(markdown.contains("KL(dense ‖ model) on the text's first 256 tokens"))
    }

    @Test func `without them only the divergence is added`() async throws {
        let report = try await prune(
            options {
                $0.tasks = nil
                $0.continuations = nil
            })
        #expect(report.after.tasks == nil && report.after.continuations == nil && report.after.divergence != nil)
        #expect(!report.markdown.contains("Continuations") && !report.markdown.contains("piqa"))
    }

    @Test func `speed in turns, of the model that is written`() async throws {
        var order: [String] = []
        let options = options {
            $0.tasks = nil
            $0.continuations = nil
            var bench = BenchOptions(models: [])
            (bench.runs, bench.promptTokens, bench.newTokens) = (2, 20, 8)
            $0.bench = bench
        }
        let report = try await prune(options) { model in
            order.append(model)
            // It is whole, and its reports are not there yet.
            if model != fixture.model {
                let parameters = try ModelSummary(inspecting: model).parameters
                #expect(parameters > 0)
                #expect(!FileManager.default.fileExists(atPath: "\(model)/report.json"))
            }
            let speed = model == fixture.model ? 2.0 : 3.0
            return BenchRun(
                loadSeconds: 1, firstTokenSeconds: 1, prefillTokensPerSecond: speed, decodeTokensPerSecond: speed,
                peakMemoryBytes: 1000, precision: "float32", threads: 1)
        }
        #expect(order.count == 4 && order[0] == fixture.model && order[2] == fixture.model && order[1] == order[3])
        #expect(report.after.speedRatios?.prefillTokensPerSecond.median == 1.5)
        #expect(report.before.speed?.decodeTokensPerSecond.median == 2 && report.before.speedRatios == nil)
        #expect(report.protocols.bench?.runs == 2 && report.seconds["bench"] != nil)
        let markdown = String(decoding: try fixture.folder.data("smaller/report.md"), as: UTF8.self)
        for text in ["| prefill, tokens/s", "| peak memory", "×1.50", "medians of 2 runs in turns"] {
            #expect(markdown.contains(text), "\(text)")
        }
        #expect(!markdown.contains("evaluation, tokens/s"))
    }

    @Test func `a speed that cannot be measured`() async throws {
        let options = options {
            $0.bench = BenchOptions(models: [])
            $0.bench?.promptTokens = 20
            $0.bench?.newTokens = 8
        }
        // The model is whole all the same.
        let report = try await prune(options) { _ in throw SelfPrunerError(.processFailed, "It was too dark") }
        #expect(report.after.speed == nil && report.protocols.bench == nil)
        let markdown = String(decoding: try fixture.folder.data("smaller/report.md"), as: UTF8.self)
        #expect(
            markdown.contains("Speed was not measured: It was too dark.") && markdown.contains("evaluation, tokens/s"))
        var stopped = options
        stopped.output = fixture.folder("stopped")
        await #expect(throws: CancellationError.self) { try await prune(stopped) { _ in throw CancellationError() } }
        #expect(try !fixture.folder.contents().contains("stopped"))
        await #expect(throws: SelfPrunerError.self) { try await prune(stopped) }
    }

    enum Fault: CaseIterable { case noPrompts, noQuestions, samples, badTemperature, longBench }

    @Test(arguments: Fault.allCases)
    func `what is wrong is said before anything is measured`(_ fault: Fault) async throws {
        let observer = CancellingObserver(after: .max)
        let options = options {
            switch fault {
            case .noPrompts: $0.continuations?.prompts = fixture.folder("none.txt")
            case .noQuestions: $0.tasks?.dataFolder = fixture.folder("none")
            case .samples: $0.tasks?.samplesFile = fixture.folder("samples.jsonl")
            case .longBench:
                $0.bench = BenchOptions(models: [])
                $0.bench?.promptTokens = 100_000
            case .badTemperature: $0.continuations?.temperature = -1
            }
        }
        await #expect(throws: (any Error).self) { try await prune(options, observer: observer) }
        #expect(!observer.stages.contains("evaluate before"))
        #expect(try !fixture.folder.contents().contains("smaller"))
    }
}

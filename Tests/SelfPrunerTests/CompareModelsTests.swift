import Foundation
import TestSupport
import Testing

@testable import SelfPruner

struct CompareModelsTests {
    private let fixture: PruneFixture

    init() throws { fixture = try PruneFixture() }

    /// A dense model and a version of it without one fifth of its channels, pruned in one step.
    private func pruned() async throws -> String {
        let report = try await prune(
            fixture.options {
                $0.allocation = .uniform
                $0.rate = 0.2
                $0.form.elementType = .float32
            })
        return report.settings.output
    }

    private func options(
        _ models: [String], _ change: (inout CompareModelsOptions) -> Void = { _ in }
    ) throws -> CompareModelsOptions {
        var options = CompareModelsOptions(models: models)
        var text = EvaluateOptions(model: "", text: fixture.folder("evaluation.txt"))
        text.sequenceLength = 64
        options.text = text
        var prompts = GeneratePromptsOptions(
            model: "", prompts: try fixture.folder.write("prompts.txt", Data("the cat\nsnow | on\n".utf8)))
        prompts.maximumTokens = 10
        options.prompts = prompts
        options.compute = ComputeOptions(precision: .float32, threads: 1)
        change(&options)
        return options
    }

    private static func noSpeed(_ model: String) throws -> BenchRun { throw SelfPrunerError(.processFailed, "asked") }

    @Test func `agrees with each command`() async throws {
        let smaller = try await pruned()
        let options = try options([fixture.model, smaller])
        let report = try compareModels(options, measureSpeed: Self.noSpeed)
        #expect(report.models.map(\.model) == [fixture.model, smaller])
        for model in report.models {
            let summary = try ModelSummary(inspecting: model.model)
            #expect(model.parameters == summary.parameters && model.decoderParameters == summary.decoderParameters)
            var evaluation = try #require(options.text)
            evaluation.model = model.model
            evaluation.compute = options.compute
            let expected = try evaluate(evaluation)
            #expect(model.perplexity == expected.perplexity)
            #expect(model.perplexityStandardError == expected.perplexityStandardError)
            #expect(model.tokensScored == expected.tokensScored)
            #expect(report.protocols.perplexity == expected.protocol)
            var prompts = try #require(options.prompts)
            prompts.model = model.model
            prompts.compute = options.compute
            let made = try generate(prompts)
            #expect(model.continuations == made.continuations && model.diversity == made.diversity)
            #expect(model.speed == nil && model.tasks == nil)
        }
        let (dense, small) = (report.models[0], report.models[1])
        #expect(dense.removed == 0 && dense.divergence == nil)
        #expect(small.removed == 1 - Double(small.decoderParameters) / Double(dense.decoderParameters))
        #expect(small.removed > 0.15 && small.removed < 0.25)
        #expect(try #require(small.divergence) > 1e-3)
        #expect(report.protocols.divergenceTokens == 64 * (report.protocols.perplexity?.windows ?? 0))
        #expect(
            report.protocols.generation
                == .init(prompts: "prompts.txt", count: 2, maximumTokens: 10, temperature: 0, seed: 0))
        #expect(report.protocols.bench == nil)
    }

    @Test func `a model does not diverge from itself`() throws {
        let copy = fixture.folder("copy")
        try FileManager.default.copyItem(atPath: fixture.model, toPath: copy)
        let report = try compareModels(options([fixture.model, copy]), measureSpeed: Self.noSpeed)
        #expect(abs(try #require(report.models[1].divergence)) < 1e-6)
        #expect(report.models[0].perplexity == report.models[1].perplexity)
        #expect(report.models[0].continuations == report.models[1].continuations)
    }

    /// Other tokens: perplexity, but no divergence.
    @Test func `another tokenizer`() throws {
        let copy = fixture.folder("copy")
        try FileManager.default.copyItem(atPath: fixture.model, toPath: copy)
        let definition = String(decoding: try fixture.folder.data("copy/tokenizer.json"), as: UTF8.self)
        try fixture.folder.write(
            "copy/tokenizer.json",
            Data(
                definition.replacingOccurrences(of: "\"a\":5", with: "\"a\":6")
                    .replacingOccurrences(of: "\"b\":6", with: "\"b\":5").utf8))
        let report = try compareModels(options([fixture.model, copy]), measureSpeed: Self.noSpeed)
        #expect(report.models[1].divergence == nil)
        #expect(try #require(report.models[1].perplexity) > 1)
        #expect(report.words.contains("other tokens"))
    }

    @Test func `speed in turns, the dense model first`() async throws {
        let smaller = try await pruned()
        var order: [String] = []
        let options = try options([fixture.model, smaller]) {
            $0.text = nil
            $0.prompts = nil
            var bench = BenchOptions(models: [])
            bench.runs = 2
            bench.promptTokens = 20
            $0.bench = bench
        }
        let report = try compareModels(options) { model in
            order.append(model)
            let speed = model == smaller ? 3.0 : 2.0
            return BenchRun(
                loadSeconds: 1, firstTokenSeconds: 1, prefillTokensPerSecond: speed, decodeTokensPerSecond: speed,
                peakMemoryBytes: 1000, precision: "float32", threads: 1)
        }
        #expect(order == [fixture.model, smaller, fixture.model, smaller])
        #expect(report.models[1].speedRatios?.prefillTokensPerSecond.median == 1.5)
        #expect(report.models[0].speedRatios == nil)
        #expect(report.models[0].perplexity == nil && report.protocols.perplexity == nil)
        #expect(report.protocols.bench?.runs == 2)
        #expect(report.table.plain().contains("×1.50"))
    }

    @Test func `tasks of both kinds`() async throws {
        try fixture.folder.write(
            "tasks/echo.json",
            Data(
                #"""
                {"name": "echo", "version": 1, "kind": "generate", "file": "echo.jsonl", "prompt": "say {{word}}",
                "reference": "word", "stop": ["."], "maxTokens": 8, "metrics": ["chrf"]}
                """#.utf8))
        try fixture.folder.write(
            "tasks/colours.json",
            Data(
                #"""
                {"name": "colours", "version": 1, "kind": "multiple_choice", "file": "colours.jsonl",
                "prompt": "The {{thing}} is", "choices": "colours", "gold": "{{right}}", "metrics": ["acc"]}
                """#.utf8))
        try fixture.folder.write("data/echo.jsonl", Data(#"{"word": "snow"}"#.utf8))
        try fixture.folder.write(
            "data/colours.jsonl",
            Data(
                ["sky", "sea", "sun"].map { #"{"thing": "\#($0)", "colours": ["on", "the water"], "right": 0}"# }
                    .joined(separator: "\n").utf8))
        let copy = fixture.folder("copy")
        try FileManager.default.copyItem(atPath: fixture.model, toPath: copy)
        let options = try options([fixture.model, copy]) {
            var selection = TaskSelection(["colours", "echo"])
            selection.dataFolder = fixture.folder("data")
            selection.declarationFolder = fixture.folder("tasks")
            selection.limit = 2
            $0.tasks = selection
            $0.text = nil
            $0.prompts = nil
        }
        let report = try compareModels(options, measureSpeed: Self.noSpeed)
        let tasks = try #require(report.models[0].tasks)
        #expect(tasks.tasks.map(\.task) == ["colours"] && tasks.tasks.map(\.questions) == [2])
        #expect(tasks.generation?.map(\.task) == ["echo"] && tasks.generation?.map(\.questions) == [1])
        #expect(report.models[1].tasks?.tasks.map(\.accuracy) == tasks.tasks.map(\.accuracy))
        #expect(report.models[1].tasks?.generation?.map(\.chrf) == tasks.generation?.map(\.chrf))
        var selection = try #require(options.tasks)
        let alone = try evaluateTasks(model: fixture.model, selection, compute: options.compute)
        #expect(alone.tasks.map(\.accuracy) == tasks.tasks.map(\.accuracy))
        let table = report.table.plain()
        #expect(table.contains("colours, acc, %") && table.contains("echo, chrF") && !table.contains("echo, BLEU"))
        #expect(report.words.contains("the first 2 questions of each task"))
        selection.samplesFile = fixture.folder("samples.jsonl")
        #expect {
            _ = try compareModels(self.options(options.models) { $0.tasks = selection }, measureSpeed: Self.noSpeed)
        } throws: { ($0 as? SelfPrunerError)?.code == .badOption }
    }

    @Test func `the document`() async throws {
        let smaller = try await pruned()
        let report = try compareModels(options([fixture.model, smaller]), measureSpeed: Self.noSpeed)
        let document = report.markdown
        for text in [
            "# Models compared", "| perplexity", "KL(dense ‖ model)", "| distinct-1", "## Continuations",
            "| snow \\| on", "evaluation.txt", "the most probable token each time", "| gqa-untied",
        ] {
            #expect(document.contains(text), "\(text)")
        }
        let lines = try #require(report.continuationLines(limit: 1) { $0 })
        #expect(lines.hasPrefix("the cat\n  gqa-untied  ") && lines.contains("\n  smaller     "))
        #expect(lines.split(separator: "\n").count == 3)
    }

    /// Said before the first model is measured, not when the last one is loaded.
    @Test func `a context that is too short`() throws {
        let copy = try fixture.copy(contextLength: 40)
        let observer = CancellingObserver(after: .max)
        #expect {
            try compareModels(options([fixture.model, copy]), observer: observer, measureSpeed: Self.noSpeed)
        } throws: {
            ($0 as? SelfPrunerError)?.code == .badOption && "\($0)".contains(copy)
        }
        #expect(observer.stages.isEmpty)
    }

    @Test func `options that make no sense`() throws {
        for models in [[fixture.model], [fixture.model, fixture.model]] {
            #expect { try compareModels(options(models), measureSpeed: Self.noSpeed) } throws: {
                ($0 as? SelfPrunerError)?.code == .badOption
            }
        }
        let copy = fixture.folder("copy")
        try FileManager.default.copyItem(atPath: fixture.model, toPath: copy)
        #expect {
            try compareModels(
                options([fixture.model, copy]) { $0.text?.sequenceLength = 1 },
                measureSpeed: Self.noSpeed)
        } throws: { "\($0)".contains("sequence length") }
        #expect {
            try compareModels(options([fixture.model, fixture.folder("none")]), measureSpeed: Self.noSpeed)
        } throws: { "\($0)".contains(fixture.folder("none")) }
    }
}

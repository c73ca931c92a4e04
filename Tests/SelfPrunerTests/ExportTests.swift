import Checkpoints
import Export
import Foundation
import TestSupport
import Testing

@testable import SelfPruner

/// Pruned models in every form: what is read back computes the same.
struct ExportTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var fixture = "gqa-untied"
        var rate = 0.3
        var format: OutputForm.Format
        var method = SearchOptions.Method.nested

        var testDescription: String { "\(fixture) \(rate) \(format.rawValue) \(method.rawValue)" }
    }

    /// At a rate of 0.9 of these models whole sublayers are gone.
    static let cases: [Case] = [OutputForm.Format.hf, .hfPadded, .gguf].flatMap { format in
        [
            Case(format: format), Case(rate: 0.9, format: format), Case(rate: 0.9, format: format, method: .wandaSP),
            Case(fixture: "gqa-tied", rate: 0.5, format: format), Case(fixture: "mha", rate: 0.5, format: format),
        ]
    }

    private func negativeLogLikelihood(_ model: String, _ fixture: PruneFixture) throws -> Double {
        var options = EvaluateOptions(model: model, text: fixture.folder("evaluation.txt"))
        options.sequenceLength = 64
        options.maximumTokens = 256
        options.compute = ComputeOptions(precision: .float32, threads: 1)
        return try evaluate(options).negativeLogLikelihood
    }

    private func options(_ model: String, _ output: String, _ form: OutputForm) -> ExportOptions {
        var options = ExportOptions(model: model, output: output)
        options.form = form
        options.compute = ComputeOptions(precision: .float32, threads: 1)
        return options
    }

    @Test(arguments: cases) func `computes the same in every form`(_ test: Case) async throws {
        let fixture = try PruneFixture(test.fixture)
        let report = try await prune(
            fixture.options {
                $0.rate = test.rate
                $0.method = test.method
            })
        var form = OutputForm(test.format)
        if test.format == .gguf { form.quantization = .f32 }
        let exported = try export(options(fixture.folder("smaller"), fixture.folder("other"), form))
        #expect(exported.check.tokens == 64)
        #expect(exported.check.deviation < 1e-4)
        #expect(exported.elementType == (test.format == .gguf ? "f32" : "float32"))
        let before = report.after.negativeLogLikelihood
        #expect(abs(try negativeLogLikelihood(fixture.folder("other"), fixture) - before) < 1e-4 * before)
        // And from there to every other form, and it can be pruned again.
        let back = try export(options(fixture.folder("other"), fixture.folder("back"), OutputForm(.hf)))
        #expect(back.check.deviation < 1e-4)
        #expect(abs(try negativeLogLikelihood(fixture.folder("back"), fixture) - before) < 1e-4 * before)
        let again = try await prune(
            fixture.options {
                $0.model = fixture.folder("other")
                $0.output = fixture.folder("smallest")
                $0.rate = 0.2
            })
        #expect(abs(again.before.negativeLogLikelihood - before) < 1e-4 * before)
    }

    @Test func `prune writes a GGUF file at once`() async throws {
        let fixture = try PruneFixture()
        let report = try await prune(
            fixture.options {
                $0.form = OutputForm(.gguf)
                $0.form.quantization = .q80
                // Widths that quantised types take.
                $0.channelStep = nil
                $0.alignment = 32
            })
        #expect(try fixture.folder.contents("smaller") == ["model.gguf", "report.json", "report.md", "search"])
        #expect(report.settings.format == "gguf" && report.settings.elementType == "q8_0")
        let summary = try ModelSummary(inspecting: fixture.folder("smaller"))
        #expect(summary.format == "gguf")
        for block in summary.blocks where block.channels < 80 { #expect(block.channels.isMultiple(of: 32)) }
    }

    /// - Parameter most: of the divergence from the model that was exported, in nats per token.
    @Test(arguments: [(OutputForm.Quantization.q80, 1e-3), (.q40, 0.1), (.q4KM, 0.03), (.f16, 2e-5)])
    func `quantised files pass their check`(_ quantization: OutputForm.Quantization, most: Double) throws {
        let fixture = try PruneFixture()
        var form = OutputForm(.gguf)
        form.quantization = quantization
        let report = try export(options(fixture.model, fixture.folder("model.gguf"), form))
        #expect(report.check.deviation < 1e-3)
        #expect(report.elementType == quantization.rawValue)
        #expect(try fixture.folder.contents().contains("model.gguf"))
        var options = EvaluateOptions(model: fixture.folder("model.gguf"), text: fixture.folder("evaluation.txt"))
        options.sequenceLength = 64
        options.against = fixture.model
        options.compute = ComputeOptions(precision: .float32, threads: 1)
        let divergence = try #require(try evaluate(options).divergence).mean
        #expect((0...most).contains(divergence), "\(divergence)")
    }

    /// A model that is not the one that was meant is not published: the check sees one weight in the wrong place.
    @Test func `the check refuses another model`() throws {
        let fixture = try PruneFixture()
        let checkpoint = try openCheckpoint(fixture.model)
        struct Swapped: WeightSource {
            let base: any WeightSource
            var description: ModelDescription { base.description }

            func read(_ weight: Weight, into destination: UnsafeMutableBufferPointer<Float>) throws {
                try base.read(weight, into: destination)
                guard weight == Weight(.keyProjection, block: 1) else { return }
                // The two halves of a head's rows, which rotary embedding pairs.
                let half = destination.count / 4
                for index in 0..<half { destination.swapAt(index, index + half) }
            }
        }
        #expect(throws: Never.self) { try ExportCheck(checkpoint, is: checkpoint, precision: .float32) }
        let error = #expect(throws: ExportError.self) {
            try ExportCheck(checkpoint, is: Swapped(base: checkpoint), precision: .float32)
        }
        #expect(error?.code == .mismatch)
    }

    @Test func `settings of another format are refused`() throws {
        let fixture = try PruneFixture()
        var quantised = OutputForm(.hf)
        quantised.quantization = .q80
        var typed = OutputForm(.gguf)
        typed.elementType = .float16
        var sharded = OutputForm(.gguf)
        sharded.maximumShardBytes = 100
        for form in [quantised, typed, sharded] {
            let error = #expect(throws: SelfPrunerError.self) {
                try export(options(fixture.model, fixture.folder("other"), form))
            }
            #expect(error?.code == .badOption)
        }
        #expect(try fixture.folder.contents() == fixture.inputs())
    }

    @Test func `an output that exists is refused, and replaced with overwrite`() throws {
        let fixture = try PruneFixture()
        try fixture.folder.write("model.gguf", Data("mine".utf8))
        var asked = options(fixture.model, fixture.folder("model.gguf"), OutputForm(.gguf))
        #expect(throws: ExportError.self) { try export(asked) }
        #expect(try fixture.folder.data("model.gguf") == Data("mine".utf8))
        asked.overwrite = true
        _ = try export(asked)
        #expect(try ModelSummary(inspecting: fixture.folder("model.gguf")).parameters == 71760)
    }
}

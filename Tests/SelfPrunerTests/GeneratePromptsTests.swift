import Checkpoints
import Foundation
import Models
import Tasks
import TestSupport
import Testing
import Tokenization

@testable import SelfPruner

struct GeneratePromptsTests {
    private let folder: TemporaryFolder
    private let model: String
    /// Of many lengths, more than run together.
    private let prompts: [String]

    init() throws {
        folder = try TemporaryFolder()
        model = try TinyModel.make("gqa-tied", in: folder)
        prompts = (0..<19).map { number in
            TinyModel.text(words: 1 + number * 7 % 11, seed: UInt64(number))
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        try folder.write("prompts.txt", Data(prompts.joined(separator: "\n").utf8))
    }

    private func options(
        _ change: (inout GeneratePromptsOptions) -> Void = { _ in }
    ) -> GeneratePromptsOptions {
        var options = GeneratePromptsOptions(model: model, prompts: folder("prompts.txt"))
        options.maximumTokens = 20
        options.compute = ComputeOptions(precision: .float32, threads: 1)
        change(&options)
        return options
    }

    private func alone(_ prompt: String, _ options: GeneratePromptsOptions, seed: UInt64) throws -> GenerationReport {
        var single = GenerateOptions(model: options.model, prompt: prompt)
        single.maximumTokens = options.maximumTokens
        single.temperature = options.temperature
        single.seed = seed
        single.compute = options.compute
        return try generate(single)
    }

    /// Each prompt is continued as if it were alone. A few may differ: in a near tie, rounding decides.
    @Test(arguments: [0.0, 1.5]) func `as one by one`(_ temperature: Double) throws {
        let options = options {
            $0.temperature = temperature
            $0.seed = 40
        }
        let report = try generate(options)
        #expect(report.continuations.map(\.prompt) == prompts)
        #expect(report.continuations.map(\.line) == Array(1...19))
        var different = 0
        for (index, made) in report.continuations.enumerated() {
            let expected = try alone(prompts[index], options, seed: 40 + UInt64(index))
            if made.text != expected.text || made.tokens != expected.ids.count
                || made.finishReason != expected.finishReason
            {
                different += 1
            }
        }
        #expect(different <= 1)
        let again = try generate(options)
        #expect(again.continuations == report.continuations)
        #expect(report.tokensPerSecond > 0 && report.seconds > 0)
        #expect(report.temperature == temperature && report.seed == 40 && report.maximumTokens == 20)
        #expect(report.prompts == "prompts.txt" && report.precision == "float32" && report.threads == 1)
        let diversity = TextDiversity(report.continuations.map(\.text))
        #expect(report.diversity.texts == 19 && report.diversity.words == diversity.words)
        #expect(report.diversity.distinct1 == diversity.distinct[0])
        #expect(report.diversity.distinct2 == diversity.distinct[1])
        #expect(report.diversity.distinct3 == diversity.distinct[2])
        #expect(report.diversity.repetitionRate == diversity.repetitionRate)
    }

    @Test func `the first so many prompts`() throws {
        let report = try generate(options { $0.limit = 2 })
        #expect(report.continuations.map(\.prompt) == Array(prompts.prefix(2)))
    }

    @Test func `up to the context's end`() throws {
        let report = try generate(
            options {
                $0.limit = 3
                $0.maximumTokens = .max
                $0.temperature = 50
            })
        for made in report.continuations {
            let length = try tokenize(model: model, text: Array(made.prompt.utf8), addsSpecialTokens: true).ids.count
            let isFull = length + made.tokens == TinyModel.contextLength
            #expect(made.finishReason == (isFull ? "length" : "endOfText"))
        }
    }

    @Test func `a prompt that is too long is an error with its line`() throws {
        try folder.write("prompts.txt", Data(("a\n" + TinyModel.text(words: 300, seed: 9)).utf8))
        #expect { try generate(options()) } throws: {
            ($0 as? SelfPrunerError)?.code == .badOption && "\($0)".contains("line 2")
        }
    }

    @Test(
        arguments: [
            { $0.temperature = -1 }, { $0.maximumTokens = 0 }, { $0.limit = 0 }, { $0.compute.threads = 0 },
        ] as [@Sendable (inout GeneratePromptsOptions) -> Void])
    func `options that make no sense`(_ change: @Sendable (inout GeneratePromptsOptions) -> Void) {
        #expect { try generate(options(change)) } throws: { ($0 as? SelfPrunerError)?.code == .badOption }
    }

    @Test func `can be cancelled`() {
        for stage in ["load", "generate"] {
            #expect(throws: CancellationError.self) {
                _ = try generate(options(), observer: CancellingObserver(after: 0, of: stage))
            }
        }
    }

    // MARK: Stops

    private func run(
        _ prompts: [String], stops: [String], maximumTokens: Int = 24
    ) throws -> [Continuations.Continuation] {
        let checkpoint = try openCheckpoint(model)
        let tokenizer = try Tokenizer(checkpoint.tokenizer)
        var continuations = Continuations(checkpoint, tokenizer, maximumTokens: maximumTokens)
        continuations.stops = stops
        _ = try ComputeOptions(precision: .float32, threads: 1).apply()
        let model = try LlamaModel(checkpoint, precision: .float32, positions: 128)
        return try continuations.run(
            model, prompts.map { tokenizer.encode($0, addingSpecialTokens: true) })
    }

    /// A text ends before the first of its stops, wherever tokens meet.
    @Test func `stops`() throws {
        let prompts = Array(prompts.prefix(6))
        let free = try run(prompts, stops: [])
        for length in 1...3 {
            let texts = free.map { Array($0.text) }
            // Texts from the middle, so that something is before them.
            let stops = texts.compactMap { $0.count < 9 ? nil : String($0[6..<6 + length]) }
            #expect(!stops.isEmpty)
            let stopped = try run(prompts, stops: stops)
            for (whole, cut) in zip(free, stopped) {
                let end = stops.compactMap { whole.text.range(of: $0)?.lowerBound }.min()
                #expect(cut.text == String(whole.text[..<(end ?? whole.text.endIndex)]))
                #expect((cut.finishReason == .stop) == (end != nil))
                #expect(whole.ids.starts(with: cut.ids))
            }
        }
    }

    @Test func `no prompts`() throws {
        #expect(try run([], stops: []).isEmpty)
    }

    // MARK: Tasks

    private static func declaration(maximumTokens: Int = 12) -> Data {
        Data(
            """
            {"name": "echo", "version": 1, "kind": "generate", "file": "pairs.jsonl", "prompt": "say {{word}}",
            "reference": "answer", "stop": ["."], "maxTokens": \(maximumTokens), "metrics": ["bleu", "chrf"]}
            """.utf8)
    }

    private func report(
        _ lines: [String], maximumTokens: Int = 12, _ change: (inout TaskSelection) -> Void = { _ in }
    ) throws -> TasksReport {
        try folder.write("tasks/echo.json", Self.declaration(maximumTokens: maximumTokens))
        try folder.write("pairs.jsonl", Data(lines.joined(separator: "\n").utf8))
        var selection = TaskSelection(["echo"])
        selection.dataFolder = folder.path
        selection.declarationFolder = folder("tasks")
        change(&selection)
        return try evaluateTasks(
            model: model, selection, compute: ComputeOptions(precision: .float32, threads: 1))
    }

    @Test func `a task of texts`() throws {
        let words = ["the", "cat", "over"]
        let first = try report(words.map { #"{"word": "\#($0)", "answer": "snow"}"# }) {
            $0.samplesFile = folder("samples.jsonl")
        }
        #expect(first.tasks.isEmpty && first.meanAccuracy == nil)
        let echo = try #require(first.generation?.first)
        #expect(first.generation?.count == 1 && echo.task == "echo" && echo.questions == 3)
        #expect(echo.tokens > 0 && echo.truncatedQuestions == 0)
        #expect(try #require(echo.chrf) < 50)
        #expect(echo.bleuSignature == "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp")
        #expect(first.generationTable?.plain().contains("echo") == true)
        #expect(first.notes.contains { $0.contains("nrefs:1") })

        let samples = try String(decoding: folder.data("samples.jsonl"), as: UTF8.self).split(separator: "\n")
            .map { try JSONDecoder().decode(GenerationSample.self, from: Data($0.utf8)) }
        #expect(samples.map(\.line) == [1, 2, 3] && samples.map(\.document) == [0, 1, 2])
        #expect(samples.allSatisfy { !$0.text.contains(".") && $0.references == ["snow"] })
        // What the model says is what it is compared with: all of it is right.
        let lines = try zip(words, samples).map { word, sample in
            let answer = String(decoding: try JSONEncoder().encode(sample.text), as: UTF8.self)
            return #"{"word": "\#(word)", "answer": \#(answer)}"#
        }
        #expect(abs(try #require(report(lines).generation?.first?.chrf) - 100) < 1e-9)
        #expect(try report(lines) { $0.limit = 2 }.generation?.first?.questions == 2)
    }

    @Test func `a prompt without room for an answer loses its beginning`() throws {
        let long = TinyModel.text(words: 150, seed: 4).trimmingCharacters(in: .newlines)
        let lines = [#"{"word": "\#(long)", "answer": "x"}"#, #"{"word": "a", "answer": "x"}"#]
        let echo = try #require(report(lines).generation?.first)
        #expect(echo.truncatedQuestions == 1 && echo.questions == 2)
        #expect { _ = try report(lines, maximumTokens: 256) } throws: {
            ($0 as? SelfPrunerError)?.code == .badOption && "\($0)".contains("256")
        }
        #expect { _ = try report(lines) { $0.shots = 1 } } throws: {
            ($0 as? SelfPrunerError)?.code == .badOption && "\($0)".contains("echo")
        }
    }
}

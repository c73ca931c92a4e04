import Foundation
import TestSupport
import Testing

/// `bench`, `compare-models` and `generate --prompts`.
struct BenchCommandTests {
    private let fixture: CommandFixture
    private let other: String

    init() throws {
        fixture = try CommandFixture()
        other = fixture.folder("other")
        try FileManager.default.copyItem(atPath: fixture.model, toPath: other)
        try fixture.folder.write("prompts.txt", Data("the cat\n\nsnow over\n".utf8))
    }

    private var bench: [String] {
        [
            "bench", fixture.model, "--against", other, "--runs", "2", "--prompt-tokens", "20", "--new-tokens", "4",
            "--threads", "1",
        ]
    }

    private var generatePrompts: [String] {
        [
            "generate", fixture.model, "--prompts", fixture.folder("prompts.txt"), "--max-tokens", "6", "--threads",
            "1",
        ]
    }

    private var compareModels: [String] {
        [
            "compare-models", fixture.model, other, "--text", fixture.folder("evaluation.txt"), "--sequence-length",
            "64", "--prompts", fixture.folder("prompts.txt"), "--continuation-tokens", "6", "--bench", "--runs", "1",
            "--prompt-tokens", "20", "--new-tokens", "4", "--threads", "1",
        ]
    }

    private func json(_ arguments: [String]) async throws -> [String: Any] {
        let outcome = try await Program.run(arguments + ["--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        return try outcome.json()
    }

    private func keys(_ value: Any?) -> [String] { (value as? [String: Any] ?? [:]).keys.sorted() }

    @Test func `bench`() async throws {
        let report = try await json(bench)
        #expect(
            keys(report) == [
                "loadAverage", "models", "newTokens", "precision", "program", "promptTokens", "reference", "runs",
                "threads",
            ])
        let models = try #require(report["models"] as? [[String: Any]])
        #expect(models.map { $0["model"] as? String } == [fixture.model, other])
        #expect(report["reference"] as? String == other)
        #expect(keys(models[0]) == ["figures", "model", "ratios", "runs"])
        #expect(keys(models[1]) == ["figures", "model", "runs"])
        let figures = [
            "decodeTokensPerSecond", "diskBytes", "firstTokenSeconds", "loadSeconds", "peakMemoryBytes",
            "prefillTokensPerSecond",
        ]
        #expect(keys(models[0]["figures"]) == figures && keys(models[0]["ratios"]) == figures)
        let memory = try #require((models[0]["figures"] as? [String: Any])?["peakMemoryBytes"] as? [String: Any])
        #expect(keys(memory) == ["highest", "lowest", "median"])
        #expect(try #require(memory["lowest"] as? Int) > 1 << 20)
        let runs = try #require(models[0]["runs"] as? [[String: Any]])
        #expect(runs.count == 2)
        #expect(
            keys(runs[0]) == [
                "decodeTokensPerSecond", "firstTokenSeconds", "loadSeconds", "peakMemoryBytes", "precision",
                "prefillTokensPerSecond", "threads",
            ])

        let text = try await Program.run(bench)
        #expect(text.status == 0)
        // On a slow machine there is progress to report.
        #expect(text.errorLines.allSatisfy { $0.hasPrefix("bench ") })
        for word in ["prefill, tokens/s", "peak memory", "ratio", "20 tokens", "gqa-untied", "other", "turn by turn"] {
            #expect(text.output.contains(word), "\(word)")
        }
    }

    /// The process that measures says what is wrong in one line.
    @Test func `bench of a model that cannot run`() async throws {
        // Headers are sound, one value is not.
        var weights = try fixture.folder.data("other/model.safetensors")
        weights.replaceSubrange(weights.count - 4..<weights.count, with: [0, 0, 0xC0, 0x7F])
        try fixture.folder.write("other/model.safetensors", weights)
        let outcome = try await Program.run(bench)
        #expect(outcome.exited && outcome.status == 1 && outcome.output.isEmpty)
        #expect(outcome.errorLines.count { !$0.hasPrefix("bench ") } == 1, "\(outcome.error)")
        #expect(outcome.error.contains(other) && outcome.error.contains("not a number"))
        #expect(outcome.error.hasSuffix(".\n") && !outcome.error.hasSuffix("..\n"))
    }

    @Test func `bench can be interrupted`() async throws {
        let outcome = try await Program.run(
            bench + ["--runs", "1000", "--new-tokens", "200"], interruptingWhenErrorContains: "bench")
        #expect(outcome.exited && outcome.status == 130)
        #expect(outcome.output.isEmpty)
    }

    @Test func `generate from a file`() async throws {
        let report = try await json(generatePrompts)
        #expect(
            keys(report) == [
                "continuations", "diversity", "maximumTokens", "model", "precision", "prompts", "seconds", "seed",
                "temperature", "threads", "tokensPerSecond",
            ])
        let continuations = try #require(report["continuations"] as? [[String: Any]])
        #expect(continuations.map { $0["prompt"] as? String } == ["the cat", "snow over"])
        #expect(continuations.map { $0["line"] as? Int } == [1, 3])
        #expect(keys(continuations[0]) == ["finishReason", "line", "prompt", "text", "tokens"])
        let alone = try await json([
            "generate", fixture.model, "--prompt", "the cat", "--max-tokens", "6", "--threads", "1",
        ])
        #expect(continuations[0]["text"] as? String == alone["text"] as? String)
        #expect((report["diversity"] as? [String: Any])?["texts"] as? Int == 2)

        let text = try await Program.run(generatePrompts)
        #expect(text.status == 0)
        for word in ["the cat", "snow over", "distinct-2", "repetition rate"] { #expect(text.output.contains(word)) }
        #expect(text.error.contains("2 prompts"))
        let first = try await json(generatePrompts + ["--limit", "1"])
        #expect((first["continuations"] as? [Any])?.count == 1)
    }

    @Test func `compare-models`() async throws {
        let markdown = fixture.folder("models.md")
        let report = try await json(compareModels + ["--markdown", markdown])
        #expect(keys(report) == ["models", "program", "protocols"])
        #expect(
            keys(report["protocols"]) == [
                "bench", "divergenceTokens", "generation", "perplexity", "precision", "threads",
            ])
        let models = try #require(report["models"] as? [[String: Any]])
        let common = [
            "continuations", "decoderParameters", "diskBytes", "diversity", "elementTypes", "model",
            "negativeLogLikelihood", "parameters", "perplexity", "perplexityStandardError", "removed", "speed",
            "tokensScored",
        ]
        #expect(keys(models[0]) == common)
        #expect(keys(models[1]) == (common + ["divergence", "speedRatios"]).sorted())
        #expect(models[0]["perplexity"] as? Double == models[1]["perplexity"] as? Double)
        let document = String(decoding: try fixture.folder.data("models.md"), as: UTF8.self)
        for word in ["# Models compared", "| prefill, tokens/s", "## Continuations", "snow over"] {
            #expect(document.contains(word), "\(word)")
        }

        let text = try await Program.run(compareModels)
        #expect(text.status == 0, "\(text.error)")
        for word in ["perplexity", "×1.00", "prefill", "distinct-1", "the cat", "gqa-untied", "other"] {
            #expect(text.output.contains(word), "\(word)")
        }
        let plain = try await Program.run(["compare-models", fixture.model, other])
        #expect(plain.status == 0)
        #expect(plain.output.contains("parameters") && !plain.output.contains("perplexity"))
    }

    @Test func `every key is documented`() async throws {
        for arguments in [bench, generatePrompts, compareModels] { try expectDocumented(try await json(arguments)) }
    }

    @Test func `usage errors`() async throws {
        let commands: [[String]] = [
            ["generate", fixture.model], generatePrompts + ["--prompt", "x"],
            ["generate", fixture.model, "--prompt", "x", "--limit", "1"], ["bench"],
            ["compare-models", fixture.model], ["compare-models", fixture.model, other, "--limit", "3"],
            ["compare-models", fixture.model, other, "--tasks", "piqa", "--samples", "x"],
        ]
        for arguments in commands {
            let outcome = try await Program.run(arguments)
            #expect(outcome.status == 64, "\(arguments)")
            #expect(outcome.error.contains("Usage: selfpruner"))
        }
    }

    @Test func `bad options and files are one line`() async throws {
        try fixture.folder.write("bad.jsonl", Data("{\"prompt\": \"a\"}\n{\"text\": 1}\n".utf8))
        let cases: [(arguments: [String], words: [String])] = [
            (bench + ["--runs", "0"], ["runs"]), (bench + ["--prompt-tokens", "5000"], ["256"]),
            (bench + ["--threads", "0"], ["threads"]), (["bench", "none"], ["none"]),
            (
                ["generate", fixture.model, "--prompts", fixture.folder("bad.jsonl")],
                ["bad.jsonl", "line 2", "prompt"]
            ),
            (["generate", fixture.model, "--prompts", "none.txt"], ["none.txt"]),
            (compareModels + ["--markdown", "/nowhere/models.md"], ["/nowhere/models.md"]),
            (compareModels + ["--markdown", fixture.folder.path], [fixture.folder.path]),
            (["compare-models", fixture.model, fixture.model], ["twice"]),
            (["compare-models", fixture.model, "none"], ["none"]),
        ]
        for (arguments, words) in cases {
            let outcome = try await Program.run(arguments)
            #expect(outcome.exited && outcome.status == 1, "\(arguments) \(outcome.error)")
            #expect(outcome.output.isEmpty && outcome.errorLines.count == 1, "\(outcome.error)")
            #expect(outcome.error.hasPrefix("selfpruner: ") && outcome.error.hasSuffix(".\n"))
            for word in words { #expect(outcome.error.contains(word), "\(outcome.error)") }
        }
    }

    @Test func `help teaches`() async throws {
        for (command, words) in [
            ("bench", ["--against", "--runs", "turn by turn", "peak memory"]),
            ("compare-models", ["<dense>", "<pruned>", "--markdown", "--bench", "divergence"]),
            ("generate", ["--prompts", "distinct-n", "jsonl"]),
        ] {
            let help = try await Program.run([command, "--help"])
            #expect(help.status == 0)
            for word in words { #expect(help.output.contains(word), "\(word)") }
        }
        let all = try await Program.run(["--help"])
        #expect(all.output.contains("compare-models") && !all.output.contains("bench-run"))
    }
}

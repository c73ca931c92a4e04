import Foundation
import TestSupport
import Testing

struct OutputTests {
    private let fixture: CommandFixture

    init() throws { fixture = try CommandFixture() }

    private func json(_ arguments: [String]) async throws -> [String: Any] {
        let outcome = try await Program.run(arguments + ["--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        return try outcome.json()
    }

    private func keys(_ value: Any?) -> [String] { (value as? [String: Any] ?? [:]).keys.sorted() }

    @Test func `inspect`() async throws {
        let report = try await json(["inspect", fixture.model])
        #expect(
            keys(report) == [
                "architecture", "biases", "blocks", "bytes", "contextLength", "decoderBytes", "decoderParameters",
                "elementTypes", "format", "headSize", "hiddenSize", "normEpsilon", "otherParameters", "parameters",
                "path", "ropeTheta", "tiedEmbeddings", "vocabularySize",
            ])
        let blocks = try #require(report["blocks"] as? [[String: Any]])
        #expect(blocks.count == 3)
        #expect(
            keys(blocks[0]) == [
                "attentionParameters", "bytes", "channels", "index", "keyValueHeads", "mlpParameters", "parameters",
                "queryHeads",
            ])
        #expect(report["parameters"] as? Int == 71760)
        #expect(report["path"] as? String == fixture.model)

        let text = try await Program.run(["inspect", fixture.model])
        #expect(text.status == 0)
        #expect(text.error.isEmpty)
        for word in ["llama", "71,760", "62,496", "key/value heads", "channels"] { #expect(text.output.contains(word)) }
    }

    @Test func `inspect of a GGUF file`() async throws {
        let report = try await json(["inspect", CommandFixture.gguf])
        #expect(report["format"] as? String == "gguf")
    }

    @Test func `tokenize`() async throws {
        let file = try fixture.folder.write("words.txt", Data("a the</s>".utf8))
        let the = try #require(TinyModel.vocabulary.firstIndex(of: "Ġthe"))
        let report = try await json(["tokenize", fixture.model, file])
        #expect(keys(report) == ["ids"])
        #expect(report["ids"] as? [Int] == [5, the, 2])

        let text = try await Program.run(["tokenize", fixture.model], input: file)
        #expect(text.output == "5 \(the) 2\n")
        #expect(text.error.isEmpty)
        let special = try await Program.run(["tokenize", fixture.model, file, "--add-special-tokens"])
        #expect(special.output == "1 5 \(the) 2\n")
        let plain = try await Program.run(["tokenize", fixture.model, file, "--plain"])
        #expect(plain.status == 0)
        #expect(!plain.output.split(separator: " ").contains("2"))
    }

    @Test func `evaluate`() async throws {
        let report = try await json(fixture.evaluate())
        #expect(
            keys(report) == [
                "model", "negativeLogLikelihood", "peakMemoryBytes", "perplexity", "perplexityStandardError",
                "protocol", "seconds", "standardError", "threads", "tokensPerSecond", "tokensScored", "weightBytes",
            ])
        #expect(
            keys(report["protocol"]) == [
                "beginOfText", "corpus", "joiner", "precision", "sequenceLength", "stride", "windows",
            ])
        let text = try await Program.run(fixture.evaluate())
        #expect(text.status == 0)
        #expect(text.error.isEmpty)
        for word in ["perplexity", "evaluation.txt", "windows of 64 tokens"] { #expect(text.output.contains(word)) }
    }

    @Test func `generate`() async throws {
        let report = try await json(fixture.generate())
        #expect(
            keys(report) == [
                "finishReason", "ids", "model", "precision", "promptIds", "promptTokensPerSecond", "seed",
                "temperature", "text", "threads", "tokensPerSecond",
            ])
        let made = try #require(report["text"] as? String)
        let text = try await Program.run(fixture.generate())
        #expect(text.status == 0)
        #expect(text.output == "the cat\(made)\n")
        #expect(text.error.contains("4 tokens"))
    }

    @Test func `prune`() async throws {
        let outcome = try await Program.run(fixture.prune() + ["--json"])
        #expect(outcome.status == 0)
        #expect(Data(outcome.output.utf8) == (try fixture.folder.data("smaller/report.json")))
        #expect(outcome.error.contains("search"))
        let report = try outcome.json()
        #expect(
            keys(report) == [
                "after", "before", "blocks", "program", "protocols", "rate", "search", "seconds", "settings",
            ])
        for side in ["before", "after"] {
            #expect(
                keys(report[side]).filter { $0 != "divergence" } == [
                    "bfloat16Bytes", "decodeTokensPerSecond", "decoderParameters", "elementTypes", "fileBytes",
                    "negativeLogLikelihood", "parameters", "perplexity", "perplexityStandardError",
                    "prefillTokensPerSecond", "tokensScored",
                ])
            #expect(keys(report[side]).contains("divergence") == (side == "after"))
        }
        #expect(keys(report["rate"]) == ["decoder", "target", "total"])
        #expect(
            keys(report["search"]) == [
                "best", "bestFitness", "bestSoFar", "evaluated", "evaluatedPerRung", "finishReason", "memoryPlan",
                "operators",
                "proposalSeconds", "proposalShare", "proposer", "rejections", "rungTokens", "seconds",
                "secondsPerCandidate", "sensitivitySeconds", "uniformFitness", "work",
            ])

        let text = try await Program.run(fixture.prune() + ["--overwrite"])
        #expect(text.status == 0)
        for word in ["perplexity", "before", "after", fixture.folder("smaller")] { #expect(text.output.contains(word)) }
        let generated = try await Program.run(fixture.generate(fixture.folder("smaller")))
        #expect(generated.status == 0)
        #expect(generated.output.hasPrefix("the cat"))
    }

    @Test func `prune with continuations`() async throws {
        try fixture.folder.write("prompts.txt", Data("the cat\nsnow on\n".utf8))
        let arguments = fixture.prune() + ["--allocation", "uniform"]
        let asked = ["--continuations", fixture.folder("prompts.txt"), "--continuation-tokens", "4"]
        let text = try await Program.run(arguments + asked)
        #expect(text.status == 0, "\(text.error)")
        for words in ["KL(dense ‖ model)", "distinct-1", "the cat\n  before  ", "snow on\n  before  "] {
            #expect(text.output.contains(words), "\(words)")
        }
        let sampled = try await Program.run(
            arguments + asked + ["--continuation-temperature", "1", "--seed", "5", "--overwrite", "--json"])
        #expect(sampled.status == 0, "\(sampled.error)")
        let report = try sampled.json()
        try expectDocumented(report, maps: ["seconds"])
        let protocols = report["protocols"] as? [String: Any]
        let generation = protocols?["generation"] as? [String: Any]
        #expect(generation?["seed"] as? Int == 5 && generation?["temperature"] as? Double == 1)
        let after = report["after"] as? [String: Any]
        #expect((after?["continuations"] as? [Any])?.count == 2)
        let forgotten = try await Program.run(arguments + ["--continuation-tokens", "4"])
        #expect(forgotten.status == 64 && forgotten.error.contains("needs --continuations"))
    }

    @Test func `prune with speed`() async throws {
        let arguments = fixture.prune() + ["--allocation", "uniform"]
        let asked = ["--bench", "--prompt-tokens", "16", "--new-tokens", "4", "--runs", "2"]
        let text = try await Program.run(arguments + asked)
        #expect(text.status == 0, "\(text.error)")
        for words in ["prefill, tokens/s", "first token", "load", "peak memory"] {
            #expect(text.output.contains(words), "\(words)")
        }
        let json = try await Program.run(arguments + asked + ["--overwrite", "--json"])
        let report = try json.json()
        try expectDocumented(report, maps: ["seconds"])
        let speed = try #require((report["after"] as? [String: Any])?["speed"] as? [String: Any])
        #expect(try #require((speed["peakMemoryBytes"] as? [String: Any])?["median"] as? Double) > 1_000_000)
    }

    @Test func `every key is documented`() async throws {
        for arguments in fixture.commands() {
            // Keys of these two are names of element types and of stages.
            try expectDocumented(try await json(arguments), maps: ["elementTypes", "seconds"])
        }
    }

    @Test func `no escapes without a terminal`() async throws {
        for arguments in fixture.commands() {
            let outcome = try await Program.run(arguments, environment: ["TERM": "xterm-256color"])
            #expect(outcome.status == 0)
            #expect(!(outcome.output + outcome.error).contains("\u{1B}"))
            #expect(!(outcome.output + outcome.error).contains("\r"))
        }
    }
}

extension CommandFixture {
    /// A GGUF file of CheckpointsTests, which has no tokenizer.
    static let gguf = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("CheckpointsTests/Fixtures/mixed.gguf").path
}

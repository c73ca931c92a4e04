import Foundation
import SelfPruner
import TestSupport
import Testing

struct GenerateTests {
    private let folder: TemporaryFolder
    private let model: String

    init() throws {
        folder = try TemporaryFolder()
        model = try TinyModel.make("gqa-tied", in: folder)
    }

    private func options(_ change: (inout GenerateOptions) -> Void = { _ in }) -> GenerateOptions {
        var options = GenerateOptions(model: model, prompt: "the cat sat")
        options.maximumTokens = 24
        options.compute = ComputeOptions(precision: .float32, threads: 1)
        change(&options)
        return options
    }

    @Test func `greedy takes the most probable token each time`() throws {
        let report = try generate(options())
        #expect(
            report.promptIds
                == (try tokenize(model: model, text: Array("the cat sat".utf8), addsSpecialTokens: true).ids))
        #expect(report.promptIds.first == 1)
        #expect((8...24).contains(report.ids.count))
        let all = report.promptIds + report.ids
        let rows = try logits(model: model, tokens: all, compute: options().compute)
        for (index, id) in report.ids.enumerated() {
            let position = report.promptIds.count + index - 1
            let row = rows[position * 96..<(position + 1) * 96]
            // Near ties may fall either way.
            #expect(try #require(row.max()) - row[row.startIndex + Int(id)] < 1e-4)
        }
        let again = try generate(options())
        #expect(again.ids == report.ids)
        #expect(again.text == report.text)
    }

    @Test func `pieces make up the text`() throws {
        var pieces: [String] = []
        let report = try generate(options(), onText: { pieces.append($0) })
        let spelled = report.ids.filter { $0 > 2 }.map { TinyModel.vocabulary[Int($0)] }.joined()
            .replacingOccurrences(of: "Ġ", with: " ").replacingOccurrences(of: "Ċ", with: "\n")
        #expect(pieces.joined() == report.text)
        #expect(report.text == spelled)
        #expect(!pieces.contains(""))
    }

    @Test func `the seed decides at a temperature above zero`() throws {
        let reports = try ([5, 5, 6] as [UInt64]).map { seed in
            try generate(
                options {
                    $0.temperature = 1
                    $0.seed = seed
                })
        }
        #expect(reports[0].ids == reports[1].ids)
        #expect(reports[0].ids != reports[2].ids)
        #expect(reports[0].seed == 5)
    }

    @Test func `stops at the context's end`() throws {
        // Without an end-of-text token there is no other end.
        let configuration = String(decoding: try folder.data("gqa-tied/config.json"), as: UTF8.self)
        try folder.write(
            "gqa-tied/config.json",
            Data(configuration.replacingOccurrences(of: "\"eos_token_id\": 2", with: "\"eos_token_id\": null").utf8))
        try folder.write("gqa-tied/tokenizer_config.json", Data("{}".utf8))
        let report = try generate(options { $0.maximumTokens = .max })
        #expect(report.finishReason == "length")
        #expect(report.promptIds.count + report.ids.count == TinyModel.contextLength)
    }

    @Test func `stops at the end-of-text token`() throws {
        // At a temperature this high all 96 tokens are about equally probable, the end-of-text token among them.
        let reports = try (0..<8 as Range<UInt64>).map { seed in
            try generate(
                options {
                    $0.maximumTokens = .max
                    $0.temperature = 50
                    $0.seed = seed
                })
        }
        #expect(reports.contains { $0.finishReason == "endOfText" })
        for report in reports {
            #expect(!report.ids.contains(TinyModel.endOfText))
            let isFull = report.promptIds.count + report.ids.count == TinyModel.contextLength
            #expect(report.finishReason == (isFull ? "length" : "endOfText"))
        }
    }

    @Test func `a chat needs a template`() throws {
        #expect { try generate(options { $0.usesChatTemplate = true }) } throws: {
            ($0 as? SelfPrunerError)?.code == .noChatTemplate
        }
    }

    @Test func `a chat is put into the template`() throws {
        let template =
            "{{ bos_token }}{% for m in messages %}{{ m['role'] }}-{{ m['content'] }}!{% endfor %}"
            + "{% if add_generation_prompt %}assistant-{% endif %}"
        let model = try TinyModel.make("mha", in: folder, chatTemplate: template)
        let report = try generate(
            options {
                $0.model = model
                $0.prompt = "find snow"
                $0.systemPrompt = "sing"
                $0.usesChatTemplate = true
            })
        let rendered = "<s>system-sing!user-find snow!assistant-"
        #expect(report.promptIds == (try tokenize(model: model, text: Array(rendered.utf8)).ids))
        #expect(report.promptIds.first == 1)
    }

    @Test(
        arguments: [
            { $0.temperature = -0.5 }, { $0.temperature = .nan }, { $0.temperature = .infinity },
            { $0.maximumTokens = 0 }, { $0.maximumTokens = .min }, { $0.compute.threads = -2 },
            { $0.prompt = TinyModel.text(words: 300, seed: 9) },
        ] as [@Sendable (inout GenerateOptions) -> Void])
    func `options that make no sense`(_ change: @Sendable (inout GenerateOptions) -> Void) {
        #expect { try generate(options(change)) } throws: { ($0 as? SelfPrunerError)?.code == .badOption }
    }

    @Test func `what the receiver of the text throws ends the generation`() {
        struct Full: Error {}
        #expect(throws: Full.self) { try generate(options(), onText: { _ in throw Full() }) }
    }

    @Test func `a cancelled generation ends`() {
        #expect(throws: CancellationError.self) { try generate(options(), observer: CancellingObserver(after: 0)) }
    }
}

import Foundation
import Kernels
import TestSupport
import Testing

@testable import SelfPruner

struct EvaluateTests {
    private let folder: TemporaryFolder
    private let model: String
    private let text: String

    init() throws {
        folder = try TemporaryFolder()
        model = try TinyModel.make(in: folder)
        text = try folder.write("text.txt", Data(TinyModel.text(words: 120, seed: 3).utf8))
    }

    private func options(_ change: (inout EvaluateOptions) -> Void = { _ in }) -> EvaluateOptions {
        var options = EvaluateOptions(model: model, text: text)
        options.sequenceLength = 32
        options.compute = ComputeOptions(precision: .float32, threads: 1)
        change(&options)
        return options
    }

    private func tokens() throws -> [Int32] { try tokenize(model: model, text: readText(text)).ids }

    /// −log softmax in float64 of every token of a window but its first.
    private func negativeLogLikelihoods(_ window: [Int32]) throws -> [Double] {
        let compute = ComputeOptions(precision: .float32, threads: 1)
        let values = try logits(model: model, tokens: window, compute: compute).map(Double.init)
        return window.indices.dropFirst().map { position in
            let row = values[(position - 1) * 96..<position * 96]
            let peak = row.max() ?? 0
            return peak + log(row.reduce(0) { $0 + exp($1 - peak) }) - row[row.startIndex + Int(window[position])]
        }
    }

    @Test(arguments: [false, true]) func `agrees with the logits`(addsBeginOfText: Bool) throws {
        let report = try evaluate(options { $0.addsBeginOfText = addsBeginOfText })
        let tokens = try tokens()
        let payload = addsBeginOfText ? 31 : 32
        let windows = (0..<tokens.count / payload).map { index in
            (addsBeginOfText ? [1] : []) + tokens[index * payload..<(index + 1) * payload]
        }
        let expected = try windows.flatMap(negativeLogLikelihoods)
        let mean = expected.reduce(0, +) / Double(expected.count)
        #expect(windows.count >= 8)
        #expect(report.tokensScored == expected.count)
        #expect(abs(report.negativeLogLikelihood - mean) < 1e-5)
        #expect(abs(report.perplexity - exp(report.negativeLogLikelihood)) < 1e-9 * report.perplexity)
        #expect(abs(report.perplexityStandardError - report.perplexity * report.standardError) < 1e-9)
        #expect(
            report.protocol
                == PerplexityProtocol(
                    corpus: "text.txt", joiner: "the file as it is", sequenceLength: 32, stride: payload,
                    windows: windows.count, beginOfText: addsBeginOfText, precision: "float32"))
        #expect(report.model == model)
        #expect(report.threads == 1)
        #expect(report.tokensPerSecond > 0)
        // Three blocks' norms and the last are folded into matrices, which oneDNN may pad.
        #expect(report.weightBytes >= 4 * (71760 - 7 * 48))
        #expect(report.peakMemoryBytes > report.weightBytes)
    }

    @Test func `whole windows of the first tokens`() throws {
        let report = try evaluate(options { $0.maximumTokens = 100 })
        let expected = try [0, 32, 64].flatMap { try negativeLogLikelihoods(Array(tokens()[$0..<$0 + 32])) }
        #expect(report.protocol.windows == 3)
        #expect(report.tokensScored == 93)
        #expect(abs(report.negativeLogLikelihood - expected.reduce(0, +) / 93) < 1e-5)
    }

    @Test func `a text shorter than a window is one window`() throws {
        let report = try evaluate(
            options {
                $0.sequenceLength = 200
                $0.maximumTokens = 50
            })
        #expect(report.protocol.windows == 1)
        #expect(report.protocol.sequenceLength == 50)
        #expect(report.tokensScored == 49)
    }

    @Test(.enabled(if: Kernels.Precision.supported.contains(.bfloat16), "this CPU cannot multiply bfloat16"))
    func `bfloat16 is near float32`() throws {
        let exact = try evaluate(options())
        let rough = try evaluate(options { $0.compute.precision = .bfloat16 })
        #expect(rough.protocol.precision == "bfloat16")
        #expect(abs(rough.negativeLogLikelihood - exact.negativeLogLikelihood) < 0.01 * exact.negativeLogLikelihood)
        #expect(rough.weightBytes < exact.weightBytes)
    }

    @Test(arguments: ["", "a"]) func `a text without two tokens is too short`(_ content: String) throws {
        let short = try folder.write("short.txt", Data(content.utf8))
        #expect { try evaluate(options { $0.text = short }) } throws: {
            ($0 as? SelfPrunerError)?.code == .textTooShort && "\($0)".contains("short.txt")
        }
    }

    @Test func `a missing text is an error that names it`() throws {
        #expect { try evaluate(options { $0.text = "/nowhere/text.txt" }) } throws: {
            "\($0)" == "The text /nowhere/text.txt cannot be read: No such file or directory."
        }
    }

    @Test(
        arguments: [
            { $0.sequenceLength = 1 }, { $0.sequenceLength = .min }, { $0.maximumTokens = 1 },
            { $0.maximumTokens = -3 },
            { $0.compute.threads = 0 }, { $0.compute.threads = -1 }, { $0.compute.threads = 1025 },
        ] as [@Sendable (inout EvaluateOptions) -> Void])
    func `options that make no sense`(_ change: @Sendable (inout EvaluateOptions) -> Void) throws {
        #expect { try evaluate(options(change)) } throws: { ($0 as? SelfPrunerError)?.code == .badOption }
    }

    @Test func `a sequence longer than the context is an error`() throws {
        let long = try folder.write("long.txt", Data(TinyModel.text(words: 300, seed: 1).utf8))
        #expect {
            try evaluate(
                options {
                    $0.text = long
                    $0.sequenceLength = 257
                })
        } throws: { "\($0)".contains("256") }
    }

    @Test func `tokens outside the model's vocabulary are an error`() throws {
        let tokenizer = String(decoding: try folder.data("gqa-untied/tokenizer.json"), as: UTF8.self)
        try folder.write(
            "gqa-untied/tokenizer.json", Data(tokenizer.replacingOccurrences(of: "\"a\":5", with: "\"a\":200").utf8))
        #expect { try evaluate(options()) } throws: { "\($0)".contains("200") && "\($0)".contains("96") }
    }

    @Test func `a dense model that cannot be compared is refused before the model is loaded`() throws {
        let other = try TinyModel.make("odd", in: folder)
        for (dense, reason) in [("/nowhere/model", "/nowhere/model"), (other, "vocabulary of 101 tokens")] {
            let observer = CancellingObserver(after: .max)
            #expect { try evaluate(options { $0.against = dense }, observer: observer) } throws: {
                "\($0)".contains(reason)
            }
            #expect(observer.stages.isEmpty)
        }
    }

    @Test func `a cancelled evaluation ends`() {
        #expect(throws: CancellationError.self) { try evaluate(options(), observer: CancellingObserver(after: 0)) }
    }
}

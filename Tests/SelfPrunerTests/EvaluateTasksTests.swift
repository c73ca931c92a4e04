import Foundation
import TestSupport
import Testing

@testable import SelfPruner

struct EvaluateTasksTests {
    private let folder: TemporaryFolder
    private let model: String
    private let compute = ComputeOptions(precision: .float32, threads: 1)

    init() throws {
        folder = try TemporaryFolder()
        model = try TinyModel.make(in: folder)
        let questions = ["cat", "bird", "mat", "snow", "water"].enumerated().map { number, thing in
            #"{"goal": "find a \#(thing)", "sol1": "sing over it", "sol2": "go to the field again", "label": \#(number % 2)}"#
        }
        try folder.write("data/piqa_validation.jsonl", Data(questions.joined(separator: "\n").utf8))
    }

    private func selection(_ change: (inout TaskSelection) -> Void = { _ in }) -> TaskSelection {
        var selection = TaskSelection(["piqa"])
        selection.dataFolder = folder("data")
        change(&selection)
        return selection
    }

    /// From the logits of every choice's tokens, by the harness's rules.
    @Test(arguments: [true, false]) func `agrees with the logits`(addsSpecialTokens: Bool) throws {
        let report = try evaluateTasks(
            model: model, selection { $0.addsSpecialTokens = addsSpecialTokens }, compute: compute)
        var (right, normalized, scored) = (0, 0, 0)
        for (number, thing) in ["cat", "bird", "mat", "snow", "water"].enumerated() {
            let context = "Question: find a \(thing)\nAnswer:"
            let choices = ["sing over it", "go to the field again"]
            let sums = try choices.map { choice in
                func ids(_ text: String) throws -> [Int32] {
                    try tokenize(model: model, text: Array(text.utf8), addsSpecialTokens: addsSpecialTokens).ids
                }
                let (before, all) = (try ids(context), try ids(context + " " + choice))
                scored += all.count - before.count
                return try logProbabilities(all).suffix(all.count - before.count).reduce(0, +)
            }
            let lengths = choices.map { Double($0.count) }
            right += (sums[1] > sums[0] ? 1 : 0) == number % 2 ? 1 : 0
            normalized += (sums[1] / lengths[1] > sums[0] / lengths[0] ? 1 : 0) == number % 2 ? 1 : 0
        }
        let task = try #require(report.tasks.first)
        #expect(task.task == "piqa" && task.questions == 5 && task.tokensScored == scored)
        #expect(abs(task.accuracy - Double(right) / 5) < 1e-12)
        #expect(abs((task.normalizedAccuracy ?? -1) - Double(normalized) / 5) < 1e-12)
        #expect(report.meanAccuracy == task.accuracy && report.meanPreferredAccuracy == task.normalizedAccuracy)
        #expect(report.protocol.specialTokens == addsSpecialTokens && report.protocol.precision == "float32")
    }

    /// log softmax in float64 of every token but the first.
    private func logProbabilities(_ tokens: [Int32]) throws -> [Double] {
        let values = try logits(model: model, tokens: tokens, compute: compute).map(Double.init)
        return tokens.indices.dropFirst().map { position in
            let row = values[(position - 1) * 96..<position * 96]
            let peak = row.max() ?? 0
            return row[row.startIndex + Int(tokens[position])] - peak
                - log(row.reduce(0) { $0 + exp($1 - peak) })
        }
    }

    @Test func `a text and tasks are what they are alone`() throws {
        let text = try folder.write("text.txt", Data(TinyModel.text(words: 120, seed: 3).utf8))
        var options = EvaluateOptions(model: model, text: text)
        options.sequenceLength = 128
        options.compute = compute
        options.against = model
        let both = try evaluate(options, tasks: selection())
        let tasks = try evaluateTasks(model: model, selection(), compute: compute)
        #expect(try both.text.negativeLogLikelihood == evaluate(options).negativeLogLikelihood)
        #expect(abs(both.text.divergence?.mean ?? .infinity) < 1e-3)
        #expect(both.tasks.meanAccuracy == tasks.meanAccuracy && both.tasks.tokensRun == tasks.tokensRun)
        // The memory of two models is not that of one.
        #expect(both.tasks.peakMemoryBytes == nil && tasks.peakMemoryBytes ?? 0 > 0)
        options.against = nil
        #expect(try evaluate(options, tasks: selection()).tasks.peakMemoryBytes ?? 0 > 0)
    }

    @Test func `a cancelled evaluation ends, and leaves no samples`() {
        let samples = folder("samples.jsonl")
        for updates in [0, 1] {
            #expect(throws: CancellationError.self) {
                try evaluateTasks(
                    model: model, selection { $0.samplesFile = samples }, compute: compute,
                    observer: CancellingObserver(after: updates))
            }
        }
        #expect(!FileManager.default.fileExists(atPath: samples))
    }

    @Test func `a folder in place of the samples file is refused before the model is loaded`() throws {
        let observer = CancellingObserver(after: .max)
        #expect {
            try evaluateTasks(
                model: model, selection { $0.samplesFile = folder("data") }, compute: compute, observer: observer)
        } throws: {
            ($0 as? SelfPrunerError)?.code == .outputNotWritable && "\($0)".contains("it is a folder")
        }
        #expect(observer.stages.isEmpty)
    }

    @Test func `a model that is not there is named before the data are read`() {
        #expect { try evaluateTasks(model: "/nowhere.gguf", selection(), compute: compute) } throws: {
            "\($0)".contains("/nowhere.gguf")
        }
    }
}

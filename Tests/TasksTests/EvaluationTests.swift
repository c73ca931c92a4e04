import Checkpoints
import Foundation
import Models
import TestSupport
import Testing
import Tokenization

@testable import Tasks

struct EvaluationTests {
    /// Items of a made-up task that the tiny tokenizer can write.
    private static let lines = ["cat", "mat", "water", "snow", "bird", "field", "thing"].enumerated().map {
        #"{"thing": "the \#($1)", "colours": ["on a mat", "near water", "in the snow again"], "right": \#($0 % 3)}"#
    }

    private struct Setup {
        let folder: TemporaryFolder
        let path: String
        let task: TaskDeclaration
        let model: LlamaModel
        let encoder: PairEncoder
        let items: [TaskItem]

        init(metrics: String = #"["acc", "acc_norm"]"#) throws {
            folder = try TemporaryFolder()
            path = try folder.write("colours.jsonl", Array(EvaluationTests.lines.joined(separator: "\n").utf8))
            let json = DeclarationTests.declaration([
                "metrics": metrics, "targetDelimiter": #"" ""#, "prompt": #""{{thing}} sat""#,
            ])
            task = try TaskDeclaration(json: Array(json.utf8), file: "colours.json")
            let checkpoint = try TinyModel.make(in: folder)
            model = try LlamaModel(openCheckpoint(checkpoint), precision: .float32, positions: 64)
            encoder = PairEncoder(try Tokenizer(.folder(checkpoint)), maximumPositions: model.maximumPositions)
            items = try task.items(path)
        }

        func encoded(_ encoder: PairEncoder? = nil) throws -> EncodedTask {
            try EncodedTask(task, items, file: path, encoder: encoder ?? self.encoder)
        }
    }

    @Test func aTaskFromItsFileToItsResult() throws {
        let setup = try Setup()
        var steps: [Int] = []
        let result = try setup.encoded().evaluate(
            with: LogLikelihoodScorer(setup.model), progress: { steps.append($0) })
        #expect(steps.last == 7)
        #expect(result.task == "colours" && result.version == 1.5 && result.shots == 0)
        #expect(result.items.map(\.line) == Array(1...7) && result.items.map(\.gold) == [0, 1, 2, 0, 1, 2, 0])
        var (right, normalized, scored) = (0, 0, 0)
        for (item, found) in zip(setup.items, result.items) {
            let choices = try setup.encoder.encode(item, file: "")
            let values = try choices.map { try setup.model.reference($0).value }
            #expect(zip(values, found.logLikelihoods).allSatisfy { abs($0 - $1) < 1e-4 })
            let lengths = ["on a mat", "near water", "in the snow again"].map { Double($0.count) }
            let best = values.indices.max { values[$0] < values[$1] }
            let bestNormalized = values.indices.max { values[$0] / lengths[$0] < values[$1] / lengths[$1] }
            #expect(found.chosen == best && found.chosenNormalized == bestNormalized && !found.isTruncated)
            right += best == item.gold ? 1 : 0
            normalized += bestNormalized == item.gold ? 1 : 0
            scored += choices.reduce(0) { $0 + $1.scored }
        }
        #expect(abs(result.accuracy.value - Double(right) / 7) < 1e-12)
        let share = try #require(result.normalizedAccuracy)
        #expect(abs(share.value - Double(normalized) / 7) < 1e-12)
        #expect(result.preferredAccuracy == share)
        #expect(result.tokensScored == scored && result.tokensRun > 0 && result.seconds > 0)
        #expect(try JSONDecoder().decode(TaskResult.self, from: JSONEncoder().encode(result)) == result)
    }

    @Test func onlyDeclaredMetrics() throws {
        let setup = try Setup(metrics: #"["acc"]"#)
        let result = try setup.encoded().evaluate(with: LogLikelihoodScorer(setup.model))
        #expect(result.normalizedAccuracy == nil && result.preferredAccuracy == result.accuracy)
    }

    @Test func longContextsAreCounted() throws {
        let setup = try Setup()
        let encoder = PairEncoder(try tinyTokenizer(), maximumPositions: 12)
        let result = try setup.encoded(encoder).evaluate(with: LogLikelihoodScorer(setup.model))
        #expect(result.items.contains { $0.isTruncated })
        for (item, found) in zip(setup.items, result.items) {
            let values = try encoder.encode(item, file: "").map { try setup.model.reference($0).value }
            #expect(zip(values, found.logLikelihoods).allSatisfy { abs($0 - $1) < 1e-4 })
        }
    }

    @Test func evaluationCanBeCancelled() throws {
        let setup = try Setup()
        let encoded = try setup.encoded()
        #expect(throws: CancellationError.self) {
            _ = try encoded.evaluate(with: LogLikelihoodScorer(setup.model), isCancelled: { true })
        }
        #expect(throws: CancellationError.self) {
            _ = try EncodedTask(
                setup.task, setup.items, file: setup.path, encoder: setup.encoder, isCancelled: { true })
        }
    }

    /// Of equal choices, the first; length counts in code points of the choice alone.
    @Test func tiesAndLengths() {
        func item(_ values: [Double], _ lengths: [Int]) -> TaskResult.Item {
            TaskResult.Item(
                TaskItem(
                    line: 1, choices: lengths.map { TaskItem.Choice(context: "", continuation: "", length: $0) },
                    gold: 0),
                lengths.map { _ in EncodedChoice(tokens: [1, 2], scored: 1) },
                values.map { LogLikelihood(value: $0, isGreedy: false) })
        }
        #expect(item([-2, -1, -1], [1, 1, 1]).chosen == 1)
        #expect(item([-2, -3, -4], [1, 2, 4]).chosenNormalized == 2)
        #expect(item([-2, -3, -4], [1, 2, 4]).chosen == 0)
        #expect(item([-1, -1], [2, 2]).chosenNormalized == 0)
    }

    /// sqrt(variance with n − 1 / n), as `mean_stderr` has it.
    @Test(arguments: [(3, 10), (0, 4), (5, 5), (1, 2), (611, 1267)])
    func standardErrors(_ right: Int, _ count: Int) {
        let share = Share((0..<count).map { $0 < right })
        let samples = (0..<count).map { $0 < right ? 1.0 : 0.0 }
        let mean = samples.reduce(0, +) / Double(count)
        let variance = samples.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)
        #expect(abs(share.value - mean) < 1e-12)
        #expect(abs(share.standardError - (variance / Double(count)).squareRoot()) < 1e-12)
    }

    @Test func meansOfTasks() throws {
        let mean = try #require(
            Share.mean([Share(value: 0.5, standardError: 0.03), Share(value: 0.7, standardError: 0.04)]))
        #expect(abs(mean.value - 0.6) < 1e-12 && abs(mean.standardError - 0.025) < 1e-12)
        #expect(Share.mean([]) == nil)
        #expect(Share([true]) == Share(value: 1, standardError: 0) && Share([]).value == 0)
    }
}

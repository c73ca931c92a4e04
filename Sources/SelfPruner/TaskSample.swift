import Foundation
import Tasks

/// What was found for one question: a line of the file that `selfpruner evaluate --samples` writes.
public struct TaskSample: Sendable, Codable {
    public var task: String
    /// The question's number in its file, from 0, empty lines left out.
    public var document: Int
    /// Its line in the file, from 1.
    public var line: Int
    /// Of each choice, in nats.
    public var logLikelihoods: [Double]
    /// Of each choice, scored.
    public var tokens: [Int]
    /// Whether each token of the choice was the most probable one.
    public var greedy: [Bool]
    /// The right choice, from 0.
    public var gold: Int
    /// The most probable choice.
    public var chosen: Int
    /// The same by log-likelihood per code point, where the task has `acc_norm`.
    public var chosenNormalized: Int?
    /// The context lost its beginning.
    public var truncated: Bool

    /// - Throws: `SelfPrunerError.outputNotWritable`.
    static func write(
        _ results: [TaskResult], _ tasks: [TaskDeclaration], _ generation: [GenerationTaskResult], to path: String
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = JSONOutput.nonFinite
        var lines = Data()
        for (result, task) in zip(results, tasks) {
            let hasNormalized = task.metrics.contains(.normalizedAccuracy)
            for (document, item) in result.items.enumerated() {
                lines += try encoder.encode(
                    TaskSample(
                        task: result.task, document: document, line: item.line, logLikelihoods: item.logLikelihoods,
                        tokens: item.tokens,
                        greedy: item.isGreedy, gold: item.gold, chosen: item.chosen,
                        chosenNormalized: hasNormalized ? item.chosenNormalized : nil, truncated: item.isTruncated))
                lines.append(0x0A)
            }
        }
        for result in generation {
            for (document, item) in result.items.enumerated() {
                lines += try encoder.encode(
                    GenerationSample(
                        task: result.task, document: document, line: item.line, text: item.text,
                        references: item.references))
                lines.append(0x0A)
            }
        }
        do {
            try lines.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw SelfPrunerError(
                .outputNotWritable, "The samples file \(path) cannot be written: \(reason(of: error))")
        }
    }
}

/// The same of a task of the kind `generate`.
public struct GenerationSample: Sendable, Codable {
    public var task: String
    /// The question's number in its file, from 0, empty lines left out.
    public var document: Int
    /// Its line in the file, from 1.
    public var line: Int
    /// The model's answer.
    public var text: String
    public var references: [String]
}

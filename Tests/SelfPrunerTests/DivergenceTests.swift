import Foundation
import TestSupport
import Testing

@testable import SelfPruner

struct DivergenceTests {
    /// KL in float64 from all logits, over every position of every window; the vocabulary is smaller than what is
    /// looked at one by one, so that this is the whole divergence.
    @Test func `agrees with the logits`() async throws {
        let fixture = try PruneFixture()
        _ = try await prune(fixture.options { $0.method = .magnitude })
        let compute = ComputeOptions(precision: .float32, threads: 1)
        var options = EvaluateOptions(model: fixture.folder("smaller"), text: fixture.folder("evaluation.txt"))
        options.sequenceLength = 32
        options.maximumTokens = 100
        options.against = fixture.model
        options.compute = compute
        let report = try evaluate(options)
        let divergence = try #require(report.divergence)

        let tokens = try tokenize(model: fixture.model, text: readText(options.text)).ids
        var values: [Double] = []
        for start in [0, 32, 64] {
            let window = Array(tokens[start..<start + 32])
            let (p, q) = try (
                logProbabilities(fixture.model, window, compute), logProbabilities(options.model, window, compute)
            )
            values += zip(p, q).map { p, q in zip(p, q).reduce(0.0) { $0 + exp($1.0) * ($1.0 - $1.1) } }
        }
        let mean = values.reduce(0, +) / 96
        #expect(divergence.tokens == 96)
        #expect(mean > 0.01)
        #expect(abs(divergence.mean - mean) < 1e-4 * max(mean, 1))
        #expect(divergence.standardError > 0 && divergence.standardError < divergence.mean)
        #expect(divergence.dense == fixture.model)

        options.against = nil
        #expect(try evaluate(options).divergence == nil)
        options.model = fixture.model
        options.against = fixture.model
        #expect(abs(try #require(try evaluate(options).divergence).mean) < 1e-5)
    }

    /// Per position, the natural logarithms of all probabilities.
    private func logProbabilities(_ model: String, _ window: [Int32], _ compute: ComputeOptions) throws -> [[Double]] {
        let values = try logits(model: model, tokens: window, compute: compute).map(Double.init)
        let size = values.count / window.count
        return window.indices.map { position in
            let row = values[position * size..<(position + 1) * size]
            let peak = row.max() ?? 0
            let sum = peak + log(row.reduce(0) { $0 + exp($1 - peak) })
            return row.map { $0 - sum }
        }
    }

    @Test func `a model that is not there is an error that names it`() throws {
        let fixture = try PruneFixture()
        var options = EvaluateOptions(model: fixture.model, text: fixture.folder("evaluation.txt"))
        options.sequenceLength = 32
        options.against = "/nowhere/model"
        options.compute = ComputeOptions(precision: .float32, threads: 1)
        #expect { try evaluate(options) } throws: { "\($0)".contains("/nowhere/model") }
    }

    /// Before the perplexity is measured.
    @Test func `a dense model with a context that is too short`() throws {
        let fixture = try PruneFixture()
        let copy = try fixture.copy(contextLength: 30)
        var options = EvaluateOptions(model: fixture.model, text: fixture.folder("evaluation.txt"))
        options.sequenceLength = 32
        options.against = copy
        options.compute = ComputeOptions(precision: .float32, threads: 1)
        let observer = CancellingObserver(after: .max)
        #expect { try evaluate(options, observer: observer) } throws: {
            ($0 as? SelfPrunerError)?.code == .badOption && "\($0)".contains(copy)
        }
        #expect(observer.stages.isEmpty)
    }
}

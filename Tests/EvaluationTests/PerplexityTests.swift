import Evaluation
import Foundation
import Kernels
import Models
import Testing

struct PerplexityTests {
    /// Each sequence alone and both together. bfloat16 within half a per cent.
    @Test(arguments: Fixture.allCases, Precision.supported)
    func negativeLogLikelihoodEqualsTransformers(_ fixture: Fixture, _ precision: Precision) throws {
        let model = try fixture.model(precision)
        let reference = try fixture.reference()
        let workspace = Workspace(model, rows: 100)
        var total = 0.0
        for (sequence, expected) in zip(reference.sequences, reference.meanNLL) {
            let measured = try Perplexity.measure(model, [sequence], in: workspace)
            let tolerance = precision == .float32 ? 1e-4 : 0.005 * expected
            #expect(abs(measured.negativeLogLikelihood - expected) < tolerance)
            #expect(measured.tokensScored == sequence.count - 1 && measured.tokensRun == sequence.count)
            total += expected * Double(sequence.count - 1)
        }
        let together = try Perplexity.measure(model, reference.sequences, in: workspace)
        let expected = total / Double(reference.sequences.joined().count - reference.sequences.count)
        #expect(abs(together.negativeLogLikelihood - expected) < (precision == .float32 ? 1e-4 : 0.005 * expected))
        #expect(abs(together.value - exp(together.negativeLogLikelihood)) < 1e-9 * together.value)
    }

    @Test func neighboursRunTogetherWhileTheyFit() {
        let windows = Fixture.windows([4, 4, 4, 2, 6, 10, 1])
        #expect(Perplexity.batches(windows, rows: 10).map { $0.map(\.count) } == [[4, 4], [4, 2], [6], [10], [1]])
        #expect(Perplexity.batches(windows, rows: 10).flatMap { $0 } == windows)
        #expect(Perplexity.batches(windows, rows: 1000).count == 1)
        #expect(Perplexity.batches([], rows: 10).isEmpty)
    }

    @Test func batchesChangeNothing() throws {
        let model = try Fixture.untied.model(.float32)
        let windows = Fixture.windows([20, 20, 20, 20, 7])
        var steps: [Int] = []
        let small = try Perplexity.measure(model, windows, in: Workspace(model, rows: 45)) { steps.append($0) }
        let large = try Perplexity.measure(model, windows, in: Workspace(model, rows: 200))
        #expect(steps == [40, 80, 87])
        #expect(abs(small.negativeLogLikelihood - large.negativeLogLikelihood) < 1e-6)
        #expect(small.tokensScored == 82 && small.tokensRun == 87)
        #expect(small.tokensPerSecond > 0)
    }

    /// Over tokens with few windows, over windows' means with eight and more.
    @Test(arguments: [3, 7, 8, 12])
    func standardErrorIsThatOfTheMean(_ count: Int) throws {
        let model = try Fixture.tied.model(.float32)
        let windows = Fixture.windows([Int](repeating: 9, count: count))
        let workspace = Workspace(model, rows: 64)
        let measured = try Perplexity.measure(model, windows, in: workspace)
        let scores = try windows.map { window in
            let logs = try model.logProbabilities([window])
            return (0..<8).map { -logs[$0][Int(window[$0 + 1])] }
        }
        let samples = count >= 8 ? scores.map { $0.reduce(0, +) / 8 } : scores.flatMap { $0 }
        let mean = samples.reduce(0, +) / Double(samples.count)
        let variance = samples.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) } / Double(samples.count - 1)
        #expect(abs(measured.negativeLogLikelihood - mean) < 1e-5)
        #expect(abs(measured.standardError - (variance / Double(samples.count)).squareRoot()) < 1e-5)
        #expect(abs(measured.valueStandardError - measured.value * measured.standardError) < 1e-9)
    }

    @Test func nothingToScoreIsZeroTokens() throws {
        let model = try Fixture.tied.model(.float32)
        let measured = try Perplexity.measure(model, [], in: Workspace(model, rows: 4))
        #expect(measured.tokensScored == 0 && measured.tokensRun == 0)
        #expect(measured.negativeLogLikelihood == 0 && measured.standardError == 0)
    }

    @Test func measuringCanBeCancelled() throws {
        let model = try Fixture.tied.model(.float32)
        var asked = 0
        #expect(throws: CancellationError.self) {
            _ = try Perplexity.measure(
                model, Fixture.windows([5, 5, 5]), in: Workspace(model, rows: 5),
                isCancelled: {
                    asked += 1
                    return asked == 2
                })
        }
        #expect(asked == 2)
    }
}

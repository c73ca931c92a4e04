import Kernels
import Models
import Testing

@testable import Gradients

struct OutputMetricTests {
    private func metric(_ rows: [[Float]]) -> OutputMetric {
        let metric = OutputMetric(width: rows.first?.count ?? 3)
        let flat = Array(rows.joined())
        flat.withUnsafeBufferPointer { buffer in
            if let base = buffer.baseAddress { metric.add(base, count: rows.count) }
        }
        return metric
    }

    @Test func itIsTheMeanOfTheGradientsProducts() {
        let metric = metric([[1, 2, 0], [3, -1, 0.5]])
        #expect(metric.tokens == 2)
        #expect(metric.value(0, 0) == 5)
        #expect(metric.value(0, 1) == -0.5 && metric.value(1, 0) == -0.5)
        #expect(metric.value(2, 2) == 0.125)
    }

    @Test(arguments: [0.01, 0.5, 3])
    func rootsSquareIsTheDampedMetric(_ damping: Double) throws {
        let metric = metric([[1, 2, 0], [3, -1, 0.5], [0.2, 0.1, 4], [-2, 1, 1]])
        let root = try metric.root(damping: damping)
        let mean = (0..<3).reduce(0.0) { $0 + metric.value($1, $1) } / 3
        for a in 0..<3 {
            for b in 0..<3 {
                let square = (0..<3).reduce(0.0) { $0 + Double(root[$1 * 3 + a] * root[$1 * 3 + b]) }
                #expect(abs(square - metric.value(a, b) / mean - (a == b ? damping : 0)) < 1e-6)
                if a > b { #expect(root[a * 3 + b] == 0) }
            }
        }
    }

    @Test func withoutGradientsAllDirectionsAreAlike() throws {
        let root = try OutputMetric(width: 2).root(damping: 0.25)
        #expect(root == [0.5, 0, 0, 0.5])
    }

    @Test func gradientsThatAreNoNumbersHaveNoRoot() {
        #expect(throws: KernelError.self) { try metric([[.nan, 1, 1]]).root(damping: 0.5) }
    }

    @Test(arguments: Fixture.all)
    func metricsSumWhatThePassShows(_ fixture: Fixture) throws {
        let subject = try Subject(fixture)
        let width = subject.model.description.hiddenSize
        let windows = [fixture.tokens, Array(fixture.tokens.reversed())]
        let metrics = try subject.metrics(windows, tokens: 80, seed: 3)
        #expect(try subject.metrics(windows, tokens: 80, seed: 3).mlp[1]?.value(1, 0) == metrics.mlp[1]?.value(1, 0))
        #expect(try subject.metrics(windows, tokens: 80, seed: 4).mlp[1]?.value(1, 0) != metrics.mlp[1]?.value(1, 0))
        for metric in (metrics.attention + metrics.mlp) {
            #expect(metric?.tokens == 80)
            for index in 0..<width { #expect((metric?.value(index, index) ?? 0) > 0) }
        }
    }

    @Test func sequencesAreSpreadAndNoLongerThanAsked() throws {
        let fixture = Fixture.all[0]
        let subject = try Subject(fixture)
        let windows = (0..<5).map { Array(fixture.tokens.dropFirst($0)) }
        for tokens in [0, 1, 40, 100, 1000] {
            let wanted = min(tokens, windows.reduce(0) { $0 + $1.count })
            #expect(OutputMetrics.tokens(windows, tokens: tokens, rows: 64) == wanted)
            let metrics = try subject.metrics(windows, tokens: tokens)
            #expect(metrics.attention[0]?.tokens == wanted)
        }
        // Windows longer than the workspace come in pieces.
        #expect(OutputMetrics.tokens([fixture.tokens], tokens: 1000, rows: 16) == 40)
    }

    /// Lists as a calibration spreads them (64 windows and 11 lists by default), of which an even choice can hit all or none.
    @Test(arguments: [
        (64, 11, 16), (64, 16, 16), (64, 32, 16), (93, 16, 16), (32, 8, 16), (98, 24, 16), (10, 5, 5), (5, 1, 4),
        (9, 0, 3),
        (9, 9, 3),
    ])
    func listsHaveTheirShare(_ count: Int, _ lists: Int, _ wanted: Int) {
        let places = Set((0..<lists).map { (2 * $0 + 1) * count / (2 * lists) })
        let chosen = OutputMetrics.spread(wanted, of: count, lists: places)
        #expect(Set(chosen).count == wanted && chosen.allSatisfy { 0..<count ~= $0 })
        #expect(chosen.count(where: places.contains) == Int((Double(wanted * lists) / Double(count)).rounded()))
        // Still all over the text.
        let gaps = zip(chosen.sorted(), chosen.sorted().dropFirst() + [count]).map { $1 - $0 }
        #expect((gaps.max() ?? 0) <= 2 * (count / wanted + 1))
    }

    @Test func cancelling() throws {
        let fixture = Fixture.all[0]
        let subject = try Subject(fixture)
        #expect(throws: CancellationError.self) {
            _ = try OutputMetrics(
                subject.model, attention: subject.attention, mlp: subject.mlp, outside: subject.checkpoint,
                windows: [fixture.tokens], tokens: 40, in: subject.workspace, isCancelled: { true })
        }
    }
}

import Calibration
import Kernels
import Testing

@testable import Models

/// The residual stream at the borders of blocks, as the observer of an ordinary forward pass sees it, against what the
/// walk makes of it.
struct StreamTests {
    /// The stream before each block and behind the last, then behind each attention: rows of each window.
    private func streams(_ model: LlamaModel, _ window: [Int32]) throws -> (blocks: [[Float]], middles: [[Float]]) {
        let hidden = model.description.hiddenSize
        let workspace = Workspace(model, rows: window.count)
        let batch = TokenBatch([window])
        try model.begin(batch, in: workspace)
        let start = AlignedBuffer(floats: window.count * hidden)
        workspace.saveResidual(rows: window.count, to: start)
        var blocks = [start.array(window.count * hidden)]
        var middles: [[Float]] = []
        try model.forward(batch, in: workspace) { input in
            let values = Array(UnsafeBufferPointer(start: input.residual, count: window.count * hidden))
            if input.kind == .mlp { blocks.append(values) } else { middles.append(values) }
        }
        return (blocks, middles)
    }

    @Test(arguments: Fixture.allCases, Precision.supported)
    func influenceIsOneMinusTheMeanCosine(_ fixture: Fixture, _ precision: Precision) throws {
        let model = try fixture.model(precision)
        let windows = Fixture.windows([30, 30, 17, 3])
        let influence = try BlockInfluence(model, windows, in: Workspace(model, rows: 64))
        let hidden = model.description.hiddenSize
        var sums = [Double](repeating: 0, count: model.attention.count)
        for window in windows {
            let blocks = try streams(model, window).blocks
            for block in sums.indices {
                for row in window.indices {
                    let x = blocks[block][row * hidden..<(row + 1) * hidden].map(Double.init)
                    let y = blocks[block + 1][row * hidden..<(row + 1) * hidden].map(Double.init)
                    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
                    sums[block] += dot(x, y) / (dot(x, x) * dot(y, y)).squareRoot()
                }
            }
        }
        let tolerance = precision == .float32 ? 1e-6 : 1e-3
        #expect(influence.values.count == sums.count)
        for (value, sum) in zip(influence.values, sums) {
            #expect(abs(value - (1 - sum / 80)) < tolerance)
            #expect(value > 10 * tolerance)
        }
    }

    /// A block without sublayers turns nothing.
    @Test func emptyBlocksHaveNoInfluence() throws {
        var model = try Fixture.tied.model(.float32)
        let hidden = model.description.hiddenSize
        model.mlp[1] = try MLPSublayer(
            MLPWeights(hiddenSize: hidden, channels: 0, norm: [], gate: [], up: [], down: []), precision: .float32)
        model.attention[1] = try AttentionSublayer(
            AttentionWeights(
                hiddenSize: hidden, headSize: 16, queryHeads: 0, keyValueHeads: 0, norm: [], query: [], key: [],
                value: [], output: []), precision: .float32)
        let influence = try BlockInfluence(model, Fixture.windows([20]), in: Workspace(model, rows: 20))
        #expect(abs(influence.values[1]) < 1e-12)
        #expect(influence.values[0] > 1e-3)
        #expect(try BlockInfluence(model, [], in: Workspace(model, rows: 20)).values.allSatisfy { $0 == 0 })
    }

    @Test(arguments: Fixture.allCases)
    func squaresAreThoseOfTheNormedStream(_ fixture: Fixture) throws {
        let model = try fixture.model(.float32)
        let windows = Fixture.windows([30, 30, 17])
        let squares = try StreamSquares(model, windows, in: Workspace(model, rows: 64))
        let hidden = model.description.hiddenSize
        let zero = [Double](repeating: 0, count: hidden)
        var attention = [[Double]](repeating: zero, count: model.attention.count)
        var mlp = attention
        func add(_ stream: [Float], _ rows: Int, to sums: inout [Double]) {
            for row in 0..<rows {
                let x = stream[row * hidden..<(row + 1) * hidden].map(Double.init)
                let mean = x.reduce(0.0) { $0 + $1 * $1 } / Double(hidden) + Double(model.description.normEpsilon)
                for column in 0..<hidden { sums[column] += x[column] * x[column] / mean }
            }
        }
        for window in windows {
            let (blocks, middles) = try streams(model, window)
            for block in attention.indices {
                add(blocks[block], window.count, to: &attention[block])
                add(middles[block], window.count, to: &mlp[block])
            }
        }
        for (found, expected) in zip(squares.attention + squares.mlp, attention + mlp) {
            for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-4 * max(b, 1)) }
        }
    }

    @Test func walksCanBeCancelled() throws {
        let model = try Fixture.tied.model(.float32)
        let windows = Fixture.windows([10, 10])
        var steps: [Int] = []
        _ = try BlockInfluence(model, windows, in: Workspace(model, rows: 10), progress: { steps.append($0) })
        #expect(steps == [10, 20])
        #expect(throws: CancellationError.self) {
            _ = try BlockInfluence(model, windows, in: Workspace(model, rows: 10), isCancelled: { true })
        }
        #expect(throws: CancellationError.self) {
            _ = try StreamSquares(model, windows, in: Workspace(model, rows: 10), isCancelled: { true })
        }
    }
}

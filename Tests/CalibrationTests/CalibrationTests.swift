import Calibration
import Kernels
import Testing

@testable import Models

struct CalibrationTests {
    /// Σw·x and Σw·x·xᵀ in float64, w being one over the mean square of the residual stream behind the sublayer.
    struct Sums {
        var tokens = 0
        var weight = 0.0
        var sums: [Double]
        var products: [Double]

        init(width: Int) {
            sums = [Double](repeating: 0, count: width)
            products = [Double](repeating: 0, count: width * width)
        }

        mutating func add(_ input: ProjectionInput, _ model: LlamaModel) {
            tokens += input.rows
            let hidden = model.description.hiddenSize
            for row in 0..<input.rows {
                let residual = (0..<hidden).map { Double(input.residual[row * hidden + $0]) }
                let w =
                    1 / (residual.reduce(0.0) { $0 + $1 * $1 } / Double(hidden) + Double(model.description.normEpsilon))
                weight += w
                let x = (0..<input.width).map { column in
                    let index = row * input.width + column
                    switch input.precision {
                    case .float32: return Double(input.values.load(fromByteOffset: index * 4, as: Float.self))
                    case .bfloat16:
                        let bits = input.values.load(fromByteOffset: index * 2, as: UInt16.self)
                        return Double(Float(bitPattern: UInt32(bits) << 16))
                    }
                }
                for a in x.indices {
                    sums[a] += w * x[a]
                    for b in x.indices { products[a * input.width + b] += w * x[a] * x[b] }
                }
            }
        }
    }

    /// Largest differences of the sums and products, relative to what Cauchy and Schwarz allow them to be.
    private func largestDifference(_ moments: ActivationMoments, _ expected: Sums) -> Double {
        let width = moments.width
        let norms = (0..<width).map { expected.products[$0 * width + $0].squareRoot() }
        let tokens = expected.weight.squareRoot()
        var largest = 0.0
        for a in 0..<width {
            if norms[a] > 0 { largest = max(largest, abs(moments.sums[a] - expected.sums[a]) / (norms[a] * tokens)) }
            for b in 0...a where norms[a] * norms[b] > 0 {
                let difference = Double(moments.gram.floats[a * width + b]) - expected.products[a * width + b]
                largest = max(largest, abs(difference) / (norms[a] * norms[b]))
            }
        }
        return largest
    }

    @Test(arguments: Fixture.allCases, Precision.supported)
    func momentsEqualThoseOfTheObservedInputs(_ fixture: Fixture, _ precision: Precision) throws {
        let model = try fixture.model(precision)
        let windows = Fixture.windows([30, 30, 17, 40, 3])
        let workspace = Workspace(model, rows: 64)
        let calibration = try Calibration(model, windows, in: workspace)
        let size = model.description.headSize
        var attention = model.attention.map { Sums(width: $0.queryHeads * size) }
        var mlp = model.mlp.map { Sums(width: $0.channels) }
        for window in windows {
            try model.forward(TokenBatch([window]), in: workspace) { input in
                switch input.kind {
                case .attention: attention[input.block].add(input, model)
                case .mlp: mlp[input.block].add(input, model)
                }
            }
        }
        // Batches of other sizes may round activations differently: one bfloat16 step of single values.
        let tolerance = precision == .float32 ? 1e-5 : 2e-3
        #expect(calibration.attention.count == attention.count && calibration.mlp.count == mlp.count)
        for (moments, expected) in zip(calibration.attention + calibration.mlp, attention + mlp) {
            let moments = try #require(moments)
            #expect(moments.tokens == 120)
            #expect(largestDifference(moments, expected) < tolerance)
        }
    }

    /// A weight of n is the first token of every window n times: the sums differ by n − 1 windows of one token.
    @Test func firstTokensCountAsOftenAsAsked() throws {
        let model = try Fixture.tied.model(.float32)
        let windows = Fixture.windows([30, 17])
        let workspace = Workspace(model, rows: 64)
        let plain = try Calibration(model, windows, in: workspace)
        let weighted = try Calibration(model, windows, in: workspace, firstTokenWeight: 5)
        let firsts = try Calibration(model, windows.map { [$0[0]] }, in: workspace)
        let all = (plain.attention + plain.mlp, weighted.attention + weighted.mlp, firsts.attention + firsts.mlp)
        for index in all.0.indices {
            let (plain, weighted) = (try #require(all.0[index]), try #require(all.1[index]))
            let first = try #require(all.2[index])
            #expect(weighted.tokens == plain.tokens && weighted.squares == plain.squares)
            #expect(abs(weighted.weight - plain.weight - 4 * first.weight) < 1e-4 * weighted.weight)
            for column in 0..<plain.width {
                let size = weighted.product(column, column) * weighted.weight
                let expected =
                    plain.product(column, column) * plain.weight + 4 * first.product(column, column) * first.weight
                #expect(abs(size - expected) <= 1e-4 * size)
            }
        }
    }

    /// Rows that are added in pieces, whatever the pieces, are the rows added at once.
    @Test func sumsAddUpOverBatches() {
        let (rows, width) = (37, 13)
        var state: UInt64 = 3
        let values = (0..<rows * width).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int32(truncatingIfNeeded: state >> 32)) / Float(Int32.max) + 0.5
        }
        let whole = ActivationMoments(width: width)
        whole.add(values, count: rows)
        let pieces = ActivationMoments(width: width)
        var start = 0
        for count in [1, 20, 0, 16] {
            pieces.add(Array(values[start * width..<(start + count) * width]), count: count)
            start += count
        }
        #expect(pieces.tokens == rows && whole.tokens == rows)
        for a in 0..<width {
            #expect(abs(whole.mean(a) - pieces.mean(a)) < 1e-12)
            let column = (0..<rows).map { Double(values[$0 * width + a]) }
            #expect(abs(whole.mean(a) - column.reduce(0, +) / Double(rows)) < 1e-12)
            #expect(abs(whole.meanSquare(a) - column.reduce(0.0) { $0 + $1 * $1 } / Double(rows)) < 1e-6)
            for b in 0..<width {
                #expect(abs(whole.covariance(a, b) - pieces.covariance(a, b)) < 1e-6)
                #expect(whole.covariance(a, b) == whole.covariance(b, a))
            }
        }
    }

    /// Windows that run together count once each; progress ends at the number of tokens.
    @Test func batchingChangesNothing() throws {
        let model = try Fixture.untied.model(.float32)
        let windows = Fixture.windows([20, 20, 20, 9])
        var steps: [Int] = []
        let small = try Calibration(model, windows, in: Workspace(model, rows: 20)) { steps.append($0) }
        let large = try Calibration(model, windows, in: Workspace(model, rows: 100))
        #expect(steps == [20, 40, 60, 69])
        for (a, b) in zip(small.attention + small.mlp, large.attention + large.mlp) {
            let (a, b) = (try #require(a), try #require(b))
            #expect(a.tokens == b.tokens)
            for column in 0..<a.width {
                #expect(abs(a.meanSquare(column) - b.meanSquare(column)) <= 1e-5 * b.meanSquare(column))
            }
        }
    }

    @Test func missingSublayersHaveNoMoments() throws {
        var model = try Fixture.tied.model(.float32)
        model.mlp[1] = try MLPSublayer(
            MLPWeights(hiddenSize: 48, channels: 0, norm: [], gate: [], up: [], down: []), precision: .float32)
        let calibration = try Calibration(model, Fixture.windows([10]), in: Workspace(model, rows: 10))
        #expect(calibration.mlp[1] == nil && calibration.mlp[0] != nil)
        #expect(calibration.attention.allSatisfy { $0?.tokens == 10 })
    }

    @Test func calibrationCanBeCancelled() throws {
        let model = try Fixture.tied.model(.float32)
        var asked = 0
        #expect(throws: CancellationError.self) {
            _ = try Calibration(
                model, Fixture.windows([10, 10, 10]), in: Workspace(model, rows: 10),
                isCancelled: {
                    asked += 1
                    return asked == 2
                })
        }
        #expect(asked == 2)
    }
}

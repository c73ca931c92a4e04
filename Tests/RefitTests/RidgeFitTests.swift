import Kernels
import Testing

@testable import Refit

/// Tokens of a regression, kept to compute by hand what the moments give.
private struct Sample {
    let inputs = 5
    let outputs = 3
    var x: [[Float]] = []
    var t: [[Float]] = []
    var w: [Float] = []

    init(_ count: Int, seed: UInt64, noise: Float, map: [[Float]], shift: [Float]) {
        var numbers = Numbers(seed: seed)
        for _ in 0..<count {
            let row = (0..<inputs).map { Float($0) * 0.3 + numbers.next() }
            x.append(row)
            t.append(
                (0..<outputs).map { output in
                    zip(map[output], row).reduce(shift[output]) { $0 + $1.0 * $1.1 } + noise * numbers.next()
                })
            w.append(0.2 + abs(numbers.next()))
        }
    }

    var moments: RegressionMoments {
        let moments = RegressionMoments(inputs: inputs, outputs: outputs)
        var (x, t) = (Array(x.joined()), Array(t.joined()))
        x.withUnsafeMutableBufferPointer { x in
            t.withUnsafeMutableBufferPointer { t in
                w.withUnsafeBufferPointer { w in
                    moments.add(x.baseAddress!, t.baseAddress!, rows: w.count, weights: w.baseAddress)
                }
            }
        }
        return moments
    }

    /// The weighted mean of ‖t − W·x − b‖².
    func error(_ weights: [Float], _ bias: [Float]) -> Double {
        var (sum, total) = (0.0, 0.0)
        for row in x.indices {
            for output in 0..<outputs {
                let value = (0..<inputs).reduce(Double(bias[output])) {
                    $0 + Double(weights[output * inputs + $1]) * Double(x[row][$1])
                }
                sum += Double(w[row]) * (Double(t[row][output]) - value) * (Double(t[row][output]) - value)
            }
            total += Double(w[row])
        }
        return sum / total
    }

    /// The minimum of the weighted error + ridge·mean variance·‖W − W₀‖², by its own normal equations over W and b.
    func direct(from start: [Float], ridge: Double) -> [[Double]] {
        let total = w.reduce(0.0) { $0 + Double($1) }
        let size = inputs + 1
        func value(_ row: Int, _ column: Int) -> Double { column < inputs ? Double(x[row][column]) : 1 }
        func mean(_ body: (Int) -> Double) -> Double {
            x.indices.reduce(0.0) { $0 + Double(w[$1]) * body($1) } / total
        }
        let variance =
            (0..<inputs).reduce(0.0) { sum, column in
                let average = mean { value($0, column) }
                return sum + mean { value($0, column) * value($0, column) } - average * average
            } / Double(inputs)
        var a = [[Double]](repeating: [Double](repeating: 0, count: size), count: size)
        var b = [[Double]](repeating: [Double](repeating: 0, count: outputs), count: size)
        for i in 0..<size {
            for j in 0..<size { a[i][j] = mean { value($0, i) * value($0, j) } }
            for output in 0..<outputs { b[i][output] = mean { value($0, i) * Double(t[$0][output]) } }
            if i < inputs {
                a[i][i] += ridge * variance
                for output in 0..<outputs { b[i][output] += ridge * variance * Double(start[output * inputs + i]) }
            }
        }
        return solved(a, b)
    }
}

private let map: [[Float]] = [[1, 0, -2, 0.5, 0], [0.3, 0.3, 0, 0, 1], [0, -1, 0, 2, 0.1]]
private let shift: [Float] = [1, -0.5, 3]
private let start = [Float](repeating: 0.25, count: 15)

@Suite struct RidgeFitTests {
    @Test(arguments: [1e-3, 0.1, 2])
    func equalsTheDirectSolution(ridge: Double) throws {
        let sample = Sample(40, seed: 3, noise: 0.5, map: map, shift: shift)
        let fit = try RidgeFit(
            from: start, fitted: sample.moments, heldOut: RegressionMoments(inputs: 5, outputs: 3), ridges: [ridge],
            hasBias: true)
        let expected = sample.direct(from: start, ridge: ridge)
        for output in 0..<3 {
            for input in 0..<5 {
                #expect(abs(Double(fit.weights[output * 5 + input]) - expected[input][output]) < 1e-4)
            }
            #expect(abs(Double(fit.bias[output]) - expected[5][output]) < 1e-4)
        }
        #expect(fit.ridge == ridge)
        #expect(fit.heldOutError == nil)
    }

    @Test func errorIsTheMeanOverTokens() throws {
        let sample = Sample(30, seed: 8, noise: 1, map: map, shift: shift)
        let moments = sample.moments
        var numbers = Numbers(seed: 5)
        let (weights, bias) = (numbers.array(15), numbers.array(3))
        let solution = AlignedBuffer(doubles: 15)
        for index in 0..<15 { solution.doubles[index] = Double(weights[index]) }
        let expected = sample.error(weights, bias)
        #expect(abs(moments.error(of: solution.doubles, bias: bias.map(Double.init)) - expected) < 1e-5 * expected)
    }

    @Test func choosesTheStrengthThatServesOtherTokens() throws {
        let other = Sample(400, seed: 11, noise: 0.1, map: map, shift: shift)
        let ridges = [1e-6, 1e-2, 1, 100]
        // Plenty of clean tokens need no ridge; a handful of noisy ones that say nothing keep what was there.
        let clean = Sample(400, seed: 12, noise: 0.1, map: map, shift: shift)
        let light = try RidgeFit(
            from: start, fitted: clean.moments, heldOut: other.moments, ridges: ridges, hasBias: true)
        #expect(light.ridge == 1e-6)
        #expect(try #require(light.heldOutError).after < 0.05)
        let few = Sample(6, seed: 13, noise: 20, map: map, shift: shift)
        let truth = Array(map.joined())
        let heavy = try RidgeFit(
            from: truth, fitted: few.moments, heldOut: other.moments, ridges: ridges, hasBias: true)
        #expect(heavy.ridge == nil || heavy.ridge! >= 100)
        let error = try #require(heavy.heldOutError)
        #expect(error.after <= error.before)
    }

    @Test func aSublayerWithoutInputsIsFittedByItsBias() throws {
        let (fitted, heldOut) = (RegressionMoments(inputs: 0, outputs: 2), RegressionMoments(inputs: 0, outputs: 2))
        for (moments, value) in [(fitted, Float(2)), (heldOut, 4)] {
            var (x, t): ([Float], [Float]) = ([0], [value, -value, value, -value])
            x.withUnsafeMutableBufferPointer { x in
                t.withUnsafeMutableBufferPointer { t in
                    moments.add(x.baseAddress!, t.baseAddress!, rows: 2, weights: nil)
                }
            }
        }
        let fit = try RidgeFit(from: [], fitted: fitted, heldOut: heldOut, ridges: [0.1], hasBias: true)
        #expect(fit.weights.isEmpty && fit.bias == [3, -3])
    }
}

import RealModule
import Testing

@testable import Kernels

struct ElementwiseTests {
    /// Relative error of exp2 against float64 over its range: below 2e-7 (3 ULP).
    @Test func exp2IsAccurate() {
        var worst = 0.0
        for step in stride(from: -125.5 as Float, through: 126, by: 0.0137) {
            let value = exp2(Lanes(repeating: step))[7]
            let reference = Double.exp2(Double(step))
            worst = max(worst, abs(Double(value) - reference) / reference)
        }
        #expect(worst < 2e-7, "worst relative error \(worst)")
        #expect(exp2(Lanes(repeating: -200))[0] == .leastNormalMagnitude)
        #expect(exp2(Lanes(repeating: -.infinity))[3] == .leastNormalMagnitude)
        #expect(exp2(Lanes(repeating: 0))[3] == 1)
    }

    @Test func bfloat16RoundsToNearestEvenAndKeepsNaN() {
        let cases: [(Float, UInt16)] = [
            (1, 0x3F80), (-2, 0xC000), (1.00390625, 0x3F80), (1.01171875, 0x3F82), (.infinity, 0x7F80),
            (3.4028235e38, 0x7F80), (0, 0),
        ]
        for (value, bits) in cases {
            #expect(Bfloat16.bits(value) == bits, "\(value)")
            var encoded = [UInt16](repeating: 1, count: 16)
            Bfloat16.encode([Float](repeating: value, count: 16), count: 16, into: &encoded)
            #expect(encoded == [UInt16](repeating: bits, count: 16), "\(value)")
        }
        let nan = Float(bitPattern: 0x7F80_0001)
        #expect(Bfloat16.float(Bfloat16.bits(nan)).isNaN)
        var encoded = [UInt16](repeating: 0, count: 16)
        Bfloat16.encode([Float](repeating: nan, count: 16), count: 16, into: &encoded)
        #expect(encoded.allSatisfy { Bfloat16.float($0).isNaN })
    }

    @Test(arguments: [48, 53, 576], Precision.supported)
    func normEqualsDoubleReference(_ width: Int, _ precision: Precision) {
        var values = Values(3)
        let input = values.array(5 * width)
        let output = AlignedBuffer(byteCount: 5 * width * precision.byteCount)
        RootMeanSquareNorm.apply(
            input, rows: 5, width: width, epsilon: 1e-5, into: output.address, as: precision)
        let reference = (0..<5 * width).map { index -> Double in
            let row = input[index / width * width..<(index / width + 1) * width].map(Double.init)
            return Double(input[index]) / (row.reduce(0) { $0 + $1 * $1 } / Double(width) + 1e-5).squareRoot()
        }
        let tolerance = precision == .float32 ? 1e-6 : 8e-3
        #expect(largestDifference(loaded(output, 5 * width, precision), reference) < tolerance)
    }

    @Test(arguments: [8, 16, 64], Precision.supported)
    func rotaryTurnsPairsOfHalves(_ headSize: Int, _ precision: Precision) {
        let frequencies = (0..<headSize / 2).map { Double.pow(10000, -Double(2 * $0) / Double(headSize)) }
        let rotary = Rotary(frequencies: frequencies, positions: 40)
        var values = Values(9)
        let (rows, heads, stride) = (6, 2, 3 * headSize)
        let buffer = stored(values.array(rows * stride), precision)
        let before = loaded(buffer, rows * stride, precision)
        rotary.apply(
            buffer.address, count: rows, stride: stride, heads: heads, firstPosition: 30, precision: precision)
        let after = loaded(buffer, rows * stride, precision)
        var reference = before.map(Double.init)
        for row in 0..<rows {
            for head in 0..<heads {
                for pair in 0..<headSize / 2 {
                    let angle = Double(30 + row) * frequencies[pair]
                    let a = row * stride + head * headSize + pair
                    let b = a + headSize / 2
                    reference[a] = Double(before[a]) * .cos(angle) - Double(before[b]) * .sin(angle)
                    reference[b] = Double(before[b]) * .cos(angle) + Double(before[a]) * .sin(angle)
                }
            }
        }
        // float32 angles near position 35 are off by up to 35·2⁻²⁴.
        #expect(largestDifference(after, reference) < (precision == .float32 ? 1e-5 : 8e-3))
    }
}

@testable import Kernels

/// Deterministic values in −1…1 (a linear congruential generator; the tests need variety, not randomness).
struct Values {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int32(truncatingIfNeeded: state >> 32)) / Float(Int32.max)
    }

    mutating func array(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }
}

/// Values as they are stored in a precision, and back.
func stored(_ values: [Float], _ precision: Precision) -> AlignedBuffer {
    let buffer = AlignedBuffer(byteCount: values.count * precision.byteCount)
    switch precision {
    case .float32: buffer.floats.update(from: values, count: values.count)
    case .bfloat16:
        Bfloat16.encode(values, count: values.count, into: buffer.address.assumingMemoryBound(to: UInt16.self))
    }
    return buffer
}

func loaded(_ buffer: AlignedBuffer, _ count: Int, _ precision: Precision) -> [Float] {
    switch precision {
    case .float32: return buffer.array(count)
    case .bfloat16:
        let bits = buffer.address.assumingMemoryBound(to: UInt16.self)
        return (0..<count).map { Bfloat16.float(bits[$0]) }
    }
}

/// source[m, k] · weights[n, k]ᵀ in float64.
func referenceProduct(_ source: [Float], _ weights: [Float], m: Int, n: Int, k: Int) -> [Double] {
    var result = [Double](repeating: 0, count: m * n)
    for row in 0..<m {
        for column in 0..<n {
            for inner in 0..<k {
                result[row * n + column] += Double(source[row * k + inner]) * Double(weights[column * k + inner])
            }
        }
    }
    return result
}

func largestDifference(_ values: [Float], _ reference: [Double]) -> Double {
    zip(values, reference).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
}

/// x / rms(x) row by row, without the weight: that is folded into the next projection. arXiv 1910.07467.
package enum RootMeanSquareNorm {
    /// - Parameters:
    ///   - input: float32 [rows, width]
    ///   - output: `precision` [rows, width]
    package static func apply(
        _ input: UnsafePointer<Float>, rows: Int, width: Int, epsilon: Float, into output: UnsafeMutableRawPointer,
        as precision: Precision
    ) {
        switch precision {
        case .float32: apply(input, rows, width, epsilon, output.assumingMemoryBound(to: Float.self))
        case .bfloat16: apply(input, rows, width, epsilon, output.assumingMemoryBound(to: UInt16.self))
        }
    }

    private static func apply<E: Element>(
        _ input: UnsafePointer<Float>, _ rows: Int, _ width: Int, _ epsilon: Float, _ output: UnsafeMutablePointer<E>
    ) {
        Threads.forEachChunk(rows, grain: 16) { range in
            for row in range {
                let x = input + row * width
                let factor = inverse(x, width, epsilon)
                E.scale(x, by: factor, count: width, into: output + row * width)
            }
        }
    }

    /// 1 / mean(x²) of each row of float32 [rows, width].
    package static func inverseMeanSquares(
        _ input: UnsafePointer<Float>, rows: Int, width: Int, epsilon: Float, into output: UnsafeMutablePointer<Float>
    ) {
        for row in 0..<rows { output[row] = 1 / (sumOfSquares(input + row * width, width) / Float(width) + epsilon) }
    }

    /// 1 / rms(x).
    @inline(__always)
    static func inverse(_ x: UnsafePointer<Float>, _ width: Int, _ epsilon: Float) -> Float {
        1 / (sumOfSquares(x, width) / Float(width) + epsilon).squareRoot()
    }

    @inline(__always)
    static func sumOfSquares(_ x: UnsafePointer<Float>, _ width: Int) -> Float {
        var squares = Lanes(repeating: 0)
        var index = 0
        while index &+ 16 <= width {
            let value = load(x + index)
            squares = fma(value, value, squares)
            index &+= 16
        }
        var total = sum(squares)
        while index < width {
            total += x[index] * x[index]
            index &+= 1
        }
        return total
    }
}

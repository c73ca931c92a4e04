extension RootMeanSquareNorm {
    /// x / rms(x) ∘ w row by row, in float32.
    /// - Parameters:
    ///   - input: x, float32 [rows, width]
    ///   - weight: w, [width]
    ///   - output: float32 [rows, width]
    package static func apply(
        _ input: UnsafePointer<Float>, weight: UnsafePointer<Float>, rows: Int, width: Int, epsilon: Float,
        into output: UnsafeMutablePointer<Float>
    ) {
        Threads.forEachChunk(rows, grain: 16) { range in
            for row in range {
                let (x, y) = (input + row * width, output + row * width)
                let factor = inverse(x, width, epsilon)
                for column in 0..<width { y[column] = x[column] * factor * weight[column] }
            }
        }
    }

    /// Adds the gradient of y = s·x ∘ w, s = 1/rms(x), with respect to x: s·h − s³·x·(h·x)/width, with h = dy ∘ w.
    /// - Parameters:
    ///   - gradient: dy, float32 [rows, width]
    ///   - input: x, float32 [rows, width]
    ///   - target: float32 [rows, width]
    package static func addGradient(
        _ gradient: UnsafePointer<Float>, weight: UnsafePointer<Float>, at input: UnsafePointer<Float>, rows: Int,
        width: Int, epsilon: Float, to target: UnsafeMutablePointer<Float>
    ) {
        Threads.forEachChunk(rows, grain: 16) { range in
            for row in range {
                let (x, dy, dx) = (input + row * width, gradient + row * width, target + row * width)
                let scale = inverse(x, width, epsilon)
                var product: Float = 0
                for column in 0..<width { product += dy[column] * weight[column] * x[column] }
                let share = scale * scale * scale * product / Float(width)
                for column in 0..<width { dx[column] += scale * dy[column] * weight[column] - share * x[column] }
            }
        }
    }
}

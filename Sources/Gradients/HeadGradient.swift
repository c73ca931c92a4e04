import Checkpoints
import Kernels
import Models

/// The gradient of log p(y) with respect to the residual stream behind the last block, y drawn from p.
final class HeadGradient {
    private let weights: [Float]  // [vocabulary, D]
    private let norm: [Float]  // [D]
    private let vocabulary: Int
    private let stride: Int
    /// Positions whose logits are there at the same time.
    private let height: Int
    private let logits: AlignedBuffer  // [height, stride]
    private let normed: AlignedBuffer  // [height, D]
    private let inner: AlignedBuffer  // [height, D]

    /// Floats of logits at a time.
    private static let size = 1 << 24

    /// - Parameter rows: the most positions of one run.
    /// - Throws: what cannot be read.
    init(_ source: any WeightSource, rows: Int) throws {
        norm = try source.values(.finalNorm)!
        weights = try source.values(.head) ?? source.values(.tokenEmbedding)!
        vocabulary = weights.count / norm.count
        stride = (vocabulary + 15) & ~15
        height = max(1, min(rows, max(16, Self.size / stride)))
        logits = AlignedBuffer(floats: height * stride)
        normed = AlignedBuffer(floats: height * norm.count)
        inner = AlignedBuffer(floats: height * norm.count)
    }

    /// - Parameters:
    ///   - stream: float32 [draws.count, D].
    ///   - gradient: float32 [draws.count, D], overwritten.
    /// - Returns: y of every position.
    func run(
        _ stream: UnsafePointer<Float>, draws: [Float], epsilon: Float, into gradient: UnsafeMutablePointer<Float>
    ) -> [Int32] {
        let width = norm.count
        gradient.update(repeating: 0, count: draws.count * width)
        var targets: [Int32] = []
        norm.withUnsafeBufferPointer { norm in
            weights.withUnsafeBufferPointer { weights in
                for first in Swift.stride(from: 0, to: draws.count, by: height) {
                    let count = min(height, draws.count - first)
                    let input = stream + first * width
                    RootMeanSquareNorm.apply(
                        input, weight: norm.baseAddress!, rows: count, width: width, epsilon: epsilon,
                        into: normed.floats)
                    let matrix = MatrixView(weights.baseAddress!, stride: width)
                    LinearAlgebra.multiply(
                        MatrixView(normed.floats, stride: width), matrix.transposed, rows: count, inner: width,
                        columns: vocabulary, into: logits.floats, stride: stride)
                    targets += PredictionGradient.scores(
                        logits.floats, rows: count, vocabulary: vocabulary, stride: stride,
                        draws: Array(draws[first..<first + count]))
                    LinearAlgebra.multiply(
                        MatrixView(logits.floats, stride: stride), matrix, rows: count, inner: vocabulary,
                        columns: width, into: inner.floats, stride: width)
                    RootMeanSquareNorm.addGradient(
                        inner.floats, weight: norm.baseAddress!, at: input, rows: count, width: width,
                        epsilon: epsilon, to: gradient + first * width)
                }
            }
        }
        return targets
    }
}

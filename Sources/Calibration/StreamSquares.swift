import Evaluation
import Kernels
import Models

/// Sums of squares of what the first projections of every sublayer read (q, k and v; gate and up): the normed residual
/// stream before the norm's weight, all tokens counted alike. `ActivationMoments.squares` are those of the output
/// projections.
package struct StreamSquares: Sendable {
    /// Σ x², [blocks, D], before attention.
    package private(set) var attention: [[Double]]
    /// The same before the MLP.
    package private(set) var mlp: [[Double]]

    /// - Parameters:
    ///   - progress: called with the tokens done.
    ///   - isCancelled: asked between batches.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    package init(
        _ model: LlamaModel, _ windows: [[Int32]], in workspace: Workspace, progress: (Int) -> Void = { _ in },
        isCancelled: () -> Bool = { false }
    ) throws {
        let (width, epsilon) = (model.description.hiddenSize, model.description.normEpsilon)
        let scales = AlignedBuffer(floats: workspace.rows)
        var sums = [[Double]](
            repeating: [Double](repeating: 0, count: width), count: model.sublayerCount)
        try ResidualWalk.run(model, windows, in: workspace, progress: progress, isCancelled: isCancelled) {
            depth, stream, rows in
            guard depth < sums.count else { return }
            RootMeanSquareNorm.inverseMeanSquares(
                stream, rows: rows, width: width, epsilon: epsilon, into: scales.floats)
            sums[depth].withUnsafeMutableBufferPointer { sums in
                for row in 0..<rows {
                    let (x, scale) = (stream + row * width, Double(scales.floats[row]))
                    for column in 0..<width { sums[column] += Double(x[column]) * Double(x[column]) * scale }
                }
            }
        }
        attention = stride(from: 0, to: sums.count, by: 2).map { sums[$0] }
        mlp = stride(from: 1, to: sums.count, by: 2).map { sums[$0] }
    }
}

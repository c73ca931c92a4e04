import Evaluation
import Kernels
import Models

/// How much each block turns the residual stream: ShortGPT's block influence, 1 − E[cos(x_in, x_out)] over all tokens,
/// tokens counted alike (arXiv 2403.03853, equation 1).
package struct BlockInfluence: Sendable {
    /// One value a block, 0 for a block that leaves all directions as they are.
    package let values: [Double]

    /// - Parameters:
    ///   - progress: called with the tokens done.
    ///   - isCancelled: asked between batches.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    package init(
        _ model: LlamaModel, _ windows: [[Int32]], in workspace: Workspace, progress: (Int) -> Void = { _ in },
        isCancelled: () -> Bool = { false }
    ) throws {
        let width = model.description.hiddenSize
        let before = AlignedBuffer(floats: workspace.rows * width)
        var sums = [Double](repeating: 0, count: model.attention.count)
        var tokens = 0
        try ResidualWalk.run(model, windows, in: workspace, progress: progress, isCancelled: isCancelled) {
            depth, stream, rows in
            guard depth.isMultiple(of: 2) else { return }
            if depth == 0 {
                tokens += rows
            } else {
                sums[depth / 2 - 1] += Self.cosines(before.floats, stream, rows: rows, width: width)
            }
            before.floats.update(from: stream, count: rows * width)
        }
        let count = Double(max(tokens, 1))
        values = sums.map { tokens == 0 ? 0 : 1 - $0 / count }
    }

    /// The sum over rows of the cosines between the rows of two matrices. A row of zeros has no direction: its cosine is
    /// 1 with another such row, else 0.
    private static func cosines(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, rows: Int, width: Int
    ) -> Double {
        var sum = 0.0
        for row in 0..<rows {
            let (x, y) = (a + row * width, b + row * width)
            var (product, left, right) = (0.0, 0.0, 0.0)
            for column in 0..<width {
                let (u, v) = (Double(x[column]), Double(y[column]))
                product += u * v
                left += u * u
                right += v * v
            }
            let norms = (left * right).squareRoot()
            sum += norms > 0 ? product / norms : (left == right ? 1 : 0)
        }
        return sum
    }
}

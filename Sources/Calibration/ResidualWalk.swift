import Evaluation
import Kernels
import Models

/// Runs a model over windows and shows the residual stream at every place between sublayers.
enum ResidualWalk {
    /// - Parameters:
    ///   - visit: given a number of sublayers (2·block before a block's attention, 2·block + 1 before its MLP, at last
    ///     their count), the stream behind so many, float32 [rows, D], and its rows.
    ///   - progress: called with the tokens done.
    ///   - isCancelled: asked between batches.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    static func run(
        _ model: LlamaModel, _ windows: [[Int32]], in workspace: Workspace, progress: (Int) -> Void,
        isCancelled: () -> Bool, visit: (_ depth: Int, _ stream: UnsafePointer<Float>, _ rows: Int) -> Void
    ) throws {
        let stream = AlignedBuffer(floats: workspace.rows * model.description.hiddenSize)
        var done = 0
        for batch in Perplexity.batches(windows, rows: workspace.rows) {
            if isCancelled() { throw CancellationError() }
            let tokens = TokenBatch(batch)
            let rows = tokens.tokens.count
            try model.begin(tokens, in: workspace)
            for depth in 0...model.sublayerCount {
                workspace.saveResidual(rows: rows, to: stream)
                visit(depth, stream.floats, rows)
                if depth < model.sublayerCount { try model.run(depth..<depth + 1, tokens, in: workspace) }
            }
            done += rows
            progress(done)
        }
    }
}

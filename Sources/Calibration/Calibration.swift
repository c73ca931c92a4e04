import Evaluation
import Kernels
import Models

/// The moments of every output projection's input. `nil` where the model has no such sublayer.
package struct Calibration: Sendable {
    /// Per block: inputs of o_proj.
    package var attention: [ActivationMoments?]
    /// Per block: inputs of down_proj.
    package var mlp: [ActivationMoments?]

    /// Runs the dense model over the windows and accumulates, float32 whatever the precision of the activations.
    /// - Parameters:
    ///   - progress: called with the tokens done.
    ///   - isCancelled: asked between batches.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    package init(
        _ model: LlamaModel, _ windows: [[Int32]], in workspace: Workspace, progress: (Int) -> Void = { _ in },
        isCancelled: () -> Bool = { false }
    ) throws {
        let size = model.description.headSize
        let attention = model.attention.map {
            $0.keyValueHeads > 0 ? ActivationMoments(width: $0.queryHeads * size) : nil
        }
        let mlp = model.mlp.map { $0.channels > 0 ? ActivationMoments(width: $0.channels) : nil }
        let widest = (attention + mlp).compactMap { $0?.width }.max() ?? 0
        let rows = AlignedBuffer(floats: workspace.rows * widest)
        var done = 0
        for batch in Perplexity.batches(windows, rows: workspace.rows) {
            if isCancelled() { throw CancellationError() }
            let tokens = TokenBatch(batch)
            try model.forward(tokens, in: workspace) { input in
                let moments = input.kind == .attention ? attention[input.block] : mlp[input.block]
                let count = input.rows * input.width
                switch input.precision {
                case .float32:
                    moments?.add(input.values.assumingMemoryBound(to: Float.self), count: input.rows)
                case .bfloat16:
                    let bits = input.values.assumingMemoryBound(to: UInt16.self)
                    Threads.forEachChunk(count, grain: 4096) { range in
                        Bfloat16.decode(
                            bits + range.lowerBound, count: range.count, into: rows.floats + range.lowerBound)
                    }
                    moments?.add(rows.floats, count: input.rows)
                }
            }
            done += tokens.tokens.count
            progress(done)
        }
        self.attention = attention
        self.mlp = mlp
    }
}

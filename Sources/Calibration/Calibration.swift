import Evaluation
import Kernels
import Models

/// The moments of every output projection's input. `nil` where the model has no such sublayer.
package struct Calibration: Sendable {
    /// Per block: inputs of o_proj.
    package var attention: [ActivationMoments?]
    /// Per block: inputs of down_proj.
    package var mlp: [ActivationMoments?]

    /// Of moments that were measured before.
    package init(attention: [ActivationMoments?], mlp: [ActivationMoments?]) {
        self.attention = attention
        self.mlp = mlp
    }

    /// Runs the dense model over the windows and accumulates, float32 whatever the precision of the activations.
    ///
    /// Each token weighs 1/rms² of the residual stream behind the sublayer: what the next norm divides an error by.
    /// - Parameters:
    ///   - firstTokenWeight: how many tokens the first of a window counts for. Its activations are like no other's, and
    ///     attention everywhere rests on them; weighted as one token in thousands, a fit may give them up.
    ///   - keepsProducts: see `ActivationMoments`.
    ///   - progress: called with the tokens done.
    ///   - isCancelled: asked between batches.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`.
    package init(
        _ model: LlamaModel, _ windows: [[Int32]], in workspace: Workspace, firstTokenWeight: Float = 1,
        keepsProducts: Bool = true,
        progress: (Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws {
        let size = model.description.headSize
        let attention = model.attention.map {
            $0.keyValueHeads > 0
                ? ActivationMoments(width: $0.queryHeads * size, keepsProducts: keepsProducts) : nil
        }
        let mlp = model.mlp.map {
            $0.channels > 0 ? ActivationMoments(width: $0.channels, keepsProducts: keepsProducts) : nil
        }
        let widest = (attention + mlp).compactMap { $0?.width }.max() ?? 0
        let rows = AlignedBuffer(floats: workspace.rows * widest)
        let weights = AlignedBuffer(floats: workspace.rows)
        var done = 0
        for batch in Perplexity.batches(windows, rows: workspace.rows) {
            if isCancelled() { throw CancellationError() }
            let tokens = TokenBatch(batch)
            try model.forward(tokens, in: workspace) { input in
                let moments = input.kind == .attention ? attention[input.block] : mlp[input.block]
                input.copy(to: rows.floats)
                RootMeanSquareNorm.inverseMeanSquares(
                    input.residual, rows: input.rows, width: model.description.hiddenSize,
                    epsilon: model.description.normEpsilon, into: weights.floats)
                if firstTokenWeight != 1 {
                    for sequence in tokens.sequences { weights.floats[sequence.lowerBound] *= firstTokenWeight }
                }
                moments?.add(rows.floats, count: input.rows, weights: weights.floats)
            }
            done += tokens.tokens.count
            progress(done)
        }
        self.attention = attention
        self.mlp = mlp
    }
}

extension ProjectionInput {
    /// Copies the values as float32 [rows, width].
    package func copy(to target: UnsafeMutablePointer<Float>) {
        let count = rows * width
        switch precision {
        case .float32: target.update(from: values.assumingMemoryBound(to: Float.self), count: count)
        case .bfloat16:
            let bits = values.assumingMemoryBound(to: UInt16.self)
            Threads.forEachChunk(count, grain: 4096) { range in
                Bfloat16.decode(bits + range.lowerBound, count: range.count, into: target + range.lowerBound)
            }
        }
    }
}

import Kernels

/// A forward pass in pieces, for candidates that share their first sublayers: `begin`, `run` over ranges that follow one
/// another, `finish`. Sublayer 2·block is a block's attention, 2·block + 1 its MLP. Between pieces the residual stream
/// is all there is of a pass, so one that was saved continues exactly where it was.
extension LlamaModel {
    package var sublayerCount: Int { 2 * attention.count }

    /// Puts the embedded tokens into the residual stream.
    /// - Throws: `ModelError` for tokens or lengths out of range.
    package func begin(_ batch: TokenBatch, in workspace: Workspace) throws {
        try check(batch, workspace, [])
        embedding.look(up: batch.tokens, into: workspace.residual.floats)
    }

    /// Takes the residual stream through some sublayers. The batch is one that `begin` accepted.
    /// - Parameter observe: sees the input of every output projection, in the order of execution, after its product.
    /// - Throws: `KernelError`.
    package func run(
        _ sublayers: Range<Int>, _ batch: TokenBatch, in workspace: Workspace,
        observe: ((ProjectionInput) -> Void)? = nil
    ) throws {
        precondition(batch.tokens.count <= workspace.rows, "the workspace is too small")
        for index in sublayers { try runSublayer(index, batch, workspace, [], observe) }
    }

    /// The final norm; the result is `workspace.output`. The residual stream stays.
    package func finish(_ batch: TokenBatch, in workspace: Workspace) {
        normalize(batch.tokens.count, workspace)
    }
}

extension Workspace {
    /// The residual stream between two pieces: float32 [rows, D].
    package var stream: UnsafeMutablePointer<Float> { residual.floats }

    /// Bytes of the residual stream of some rows.
    package func residualByteCount(rows: Int) -> Int { residual.byteCount / max(self.rows, 1) * rows }

    /// Copies the residual stream, float32 [rows, D].
    package func saveResidual(rows: Int, to buffer: AlignedBuffer) {
        let size = residualByteCount(rows: rows)
        precondition(rows <= self.rows && size <= buffer.byteCount, "the buffer is too small")
        buffer.address.copyMemory(from: residual.address, byteCount: size)
    }

    /// Sets the residual stream to one that was saved.
    package func loadResidual(rows: Int, from buffer: AlignedBuffer) {
        let size = residualByteCount(rows: rows)
        precondition(rows <= self.rows && size <= buffer.byteCount, "the workspace is too small")
        residual.address.copyMemory(from: buffer.address, byteCount: size)
    }
}

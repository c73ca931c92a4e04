import Checkpoints
import Kernels
import Models

/// Gradients of a model's log-likelihood with respect to what its sublayers add to the residual stream.
///
/// The forward pass is the model's own and leaves the residual stream before every sublayer; from there each sublayer is
/// computed again in float32, its last product left out, and differentiated. All weights stay as they are: gradients
/// with respect to them are not computed. About four times the operations of a forward pass without the head.
package final class BackwardPass {
    let model: LlamaModel
    let attention: [AttentionWeights]
    let mlp: [MLPWeights]
    /// Positions of the longest sequence.
    package let rows: Int
    private let workspace: Workspace
    /// Before each sublayer, and behind the last: float32 [rows, D].
    private let streams: [AlignedBuffer]
    private let head: HeadGradient
    let normed: AlignedBuffer  // [rows, D]
    let inner: AlignedBuffer  // [rows, D]
    let wide: [AlignedBuffer]  // three of [rows, the widest activation]
    let scores: AttentionGradient

    /// - Parameters:
    ///   - model: the same weights, packed.
    ///   - outside: has the final norm and the head.
    ///   - rows: of the longest sequence; no more than fit the workspace.
    /// - Throws: what cannot be read.
    package init(
        _ model: LlamaModel, attention: [AttentionWeights], mlp: [MLPWeights], outside: any WeightSource, rows: Int,
        workspace: Workspace
    ) throws {
        precondition(rows <= workspace.rows && attention.count == mlp.count)
        self.model = model
        self.attention = attention
        self.mlp = mlp
        self.rows = rows
        self.workspace = workspace
        let width = model.description.hiddenSize
        streams = (0...model.sublayerCount).map { _ in AlignedBuffer(floats: rows * width) }
        head = try HeadGradient(outside, rows: rows)
        normed = AlignedBuffer(floats: rows * width)
        inner = AlignedBuffer(floats: rows * width)
        let widest =
            (attention.map { $0.queryWidth + 2 * $0.keyValueWidth } + mlp.map(\.channels)).max() ?? 0
        wide = (0..<3).map { _ in AlignedBuffer(floats: rows * widest) }
        scores = AttentionGradient(headSize: model.description.headSize, rows: rows)
    }

    /// Differentiates Σ log p(y) of one sequence, a token y drawn from the model's own distribution at every position.
    /// - Parameters:
    ///   - draws: numbers in 0..<1, one a position; they decide y.
    ///   - observe: sees the gradient at every sublayer's output, float32 [rows, D], last sublayer first.
    /// - Returns: y of every position.
    /// - Throws: `ModelError` for tokens or lengths out of range, `KernelError`.
    @discardableResult
    package func run(
        _ tokens: [Int32], draws: [Float], observe: (_ sublayer: Int, _ gradient: UnsafePointer<Float>) -> Void
    ) throws -> [Int32] {
        precondition(tokens.count <= rows && draws.count == tokens.count)
        let (batch, count) = (TokenBatch([tokens]), tokens.count)
        try model.begin(batch, in: workspace)
        for sublayer in 0..<model.sublayerCount {
            workspace.saveResidual(rows: count, to: streams[sublayer])
            try model.run(sublayer..<sublayer + 1, batch, in: workspace)
        }
        workspace.saveResidual(rows: count, to: streams[model.sublayerCount])
        // From here on the workspace's stream is the gradient.
        let gradient = workspace.stream
        let targets = head.run(
            streams[model.sublayerCount].floats, draws: draws, epsilon: model.description.normEpsilon, into: gradient)
        for sublayer in (0..<model.sublayerCount).reversed() {
            observe(sublayer, gradient)
            let stream = UnsafePointer(streams[sublayer].floats)
            if sublayer.isMultiple(of: 2) {
                passAttention(attention[sublayer / 2], stream, count, gradient)
            } else {
                passMLP(mlp[sublayer / 2], stream, count, gradient)
            }
        }
        return targets
    }
}

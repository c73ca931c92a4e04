import Kernels

/// Every activation of a forward pass, allocated once for a number of rows and reused. It fits a model and all pruned
/// versions of it, and serves one forward pass at a time.
package final class Workspace {
    /// Rows (tokens) that fit.
    package let rows: Int
    let residual: AlignedBuffer  // float32 [rows, D]
    let normed: AlignedBuffer  // [rows, D]
    let queryKeyValue: AlignedBuffer  // [rows, (H + 2G)·headSize]
    let mixed: AlignedBuffer  // [rows, H·headSize]
    let gate: AlignedBuffer  // [rows, F]
    let channels: AlignedBuffer  // [rows, F]
    /// Keys and values of branches behind those of their prefixes, [rows, 2·G·headSize]; allocated when first needed.
    private(set) var branches = AlignedBuffer(byteCount: 0)
    private let branchRowSize: Int
    let products = MatmulCache()
    let attention: CausalAttention
    package let head: OutputHead

    package init(_ model: LlamaModel, rows: Int) {
        self.rows = rows
        let element = model.precision.byteCount
        let (hidden, size) = (model.description.hiddenSize, model.description.headSize)
        let queryWidth = (model.attention.map(\.queryHeads).max() ?? 0) * size
        let width = (model.attention.map { $0.queryHeads + 2 * $0.keyValueHeads }.max() ?? 0) * size
        let channelCount = model.mlp.map(\.channels).max() ?? 0
        residual = AlignedBuffer(floats: rows * hidden)
        normed = AlignedBuffer(byteCount: rows * hidden * element)
        queryKeyValue = AlignedBuffer(byteCount: rows * width * element)
        mixed = AlignedBuffer(byteCount: rows * queryWidth * element)
        gate = AlignedBuffer(byteCount: rows * channelCount * element)
        channels = AlignedBuffer(byteCount: rows * channelCount * element)
        branchRowSize = 2 * (model.attention.map(\.keyValueHeads).max() ?? 0) * size * element
        attention = CausalAttention(headSize: size, precision: model.precision)
        head = OutputHead(model.head)
    }

    /// Room for branches with the rows of their prefixes, and behind them for what is read with the last one.
    func reserveBranches(rows: Int) {
        let size = (rows + Self.readAhead) * branchRowSize
        if rows > 0, branches.byteCount < size { branches = AlignedBuffer(byteCount: size) }
    }

    /// Rows that attention may read behind a sequence.
    package static let readAhead = 128

    /// Bytes of the activations. Scratch memory of the products and of the head comes on top.
    package var byteCount: Int {
        [residual, normed, queryKeyValue, mixed, gate, channels].reduce(0) { $0 + $1.byteCount }
    }

    /// The input of the head after `LlamaModel.forward`: `precision` [rows, D].
    package var output: UnsafeRawPointer { UnsafeRawPointer(normed.address) }
}

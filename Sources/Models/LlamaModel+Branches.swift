import Kernels

/// Sequences of one batch that begin alike: the rows of what they share run once. A branch sees the keys and values of
/// its prefix in front of its own; both are put together for each block, so that there is no cache.
extension LlamaModel {
    /// Rotates the rows of a branch. Those of its prefix were rotated before.
    /// - Parameter firstRow: where the keys and values begin in `workspace.branches`.
    func branchOperands(
        _ sublayer: AttentionSublayer, _ sequence: Range<Int>, behind prefix: Range<Int>, _ workspace: Workspace,
        firstRow: Int
    ) -> CausalAttention.Operands {
        let (size, element) = (description.headSize, precision.byteCount)
        let queryWidth = sublayer.queryHeads * size
        let keyValueWidth = sublayer.keyValueHeads * size
        let width = queryWidth + 2 * keyValueWidth
        let rows = workspace.queryKeyValue.address + sequence.lowerBound * width * element
        rotary.apply(
            rows, count: sequence.count, stride: width, heads: sublayer.queryHeads + sublayer.keyValueHeads,
            firstPosition: prefix.count, precision: precision)
        // A row's keys and values are neighbours.
        let bytes = 2 * keyValueWidth * element
        let start = workspace.branches.address + firstRow * bytes
        for (target, row) in [prefix, sequence].joined().enumerated() {
            let source = workspace.queryKeyValue.address + (row * width + queryWidth) * element
            (start + target * bytes).copyMemory(from: source, byteCount: bytes)
        }
        return CausalAttention.Operands(
            query: rows, queryStride: width, key: start, value: start + keyValueWidth * element,
            keyValueStride: 2 * keyValueWidth,
            output: workspace.mixed.address + sequence.lowerBound * queryWidth * element,
            outputStride: queryWidth, queryHeads: sublayer.queryHeads, keyValueHeads: sublayer.keyValueHeads,
            queries: sequence.count, firstPosition: prefix.count,
            readableKeys: workspace.branches.byteCount / bytes - firstRow)
    }
}

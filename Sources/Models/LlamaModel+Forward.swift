import Kernels

/// What a sublayer's output projection read, while it lies in the workspace: `precision` [rows, width].
package struct ProjectionInput {
    package enum Kind: Sendable { case attention, mlp }

    package var kind: Kind
    package var block: Int
    package var values: UnsafeRawPointer
    package var rows: Int
    package var width: Int
    package var precision: Precision
    /// The residual stream with the projection's output added, float32 [rows, D].
    package var residual: UnsafePointer<Float>
}

extension LlamaModel {
    /// Runs all blocks and the final norm; the result is `workspace.output`.
    /// - Parameters:
    ///   - caches: one for each sequence of the batch, which continues it; none for sequences that begin here.
    ///   - observe: sees the input of every output projection, in the order of execution, after its product.
    /// - Throws: `ModelError` for tokens or lengths out of range, `KernelError`.
    package func forward(
        _ batch: TokenBatch, in workspace: Workspace, caches: [KeyValueCache] = [],
        observe: ((ProjectionInput) -> Void)? = nil
    ) throws {
        try check(batch, workspace, caches)
        embedding.look(up: batch.tokens, into: workspace.residual.floats)
        for index in 0..<sublayerCount { try runSublayer(index, batch, workspace, caches, observe) }
        for (cache, sequence) in zip(caches, batch.sequences) { cache.length += sequence.count }
        normalize(batch.tokens.count, workspace)
    }

    /// - Throws: `ModelError.tokenOutOfRange`.
    package func checkVocabulary(_ tokens: some Sequence<Int32>) throws(ModelError) {
        if let token = tokens.first(where: { $0 < 0 || Int($0) >= description.vocabularySize }) {
            throw ModelError(
                .tokenOutOfRange, "Token \(token) is outside the vocabulary of \(description.vocabularySize)")
        }
    }

    func check(_ batch: TokenBatch, _ workspace: Workspace, _ caches: [KeyValueCache]) throws(ModelError) {
        guard !batch.tokens.isEmpty else { throw ModelError(.emptyInput, "There are no tokens to run") }
        precondition(batch.tokens.count <= workspace.rows, "the workspace is too small")
        precondition(caches.isEmpty || caches.count == batch.sequences.count, "a cache belongs to one sequence")
        precondition(caches.isEmpty || batch.branchRows == 0, "a branch has no cache")
        try checkVocabulary(batch.tokens)
        for (index, sequence) in batch.sequences.enumerated() {
            let cache = caches.isEmpty ? nil : caches[index]
            let length = (cache?.length ?? batch.prefix(index).count) + sequence.count
            let limit = min(maximumPositions, cache?.capacity ?? .max)
            guard length <= limit else {
                throw ModelError(.contextExceeded, "A sequence of \(length) tokens is longer than \(limit) positions")
            }
        }
    }

    func runSublayer(
        _ index: Int, _ batch: TokenBatch, _ workspace: Workspace, _ caches: [KeyValueCache],
        _ observe: ((ProjectionInput) -> Void)?
    ) throws {
        if index.isMultiple(of: 2) {
            try runAttention(index / 2, batch, workspace, caches, observe)
        } else {
            try runMLP(index / 2, batch, workspace, observe)
        }
    }

    func normalize(_ rows: Int, _ workspace: Workspace) {
        RootMeanSquareNorm.apply(
            workspace.residual.floats, rows: rows, width: description.hiddenSize, epsilon: description.normEpsilon,
            into: workspace.normed.address, as: precision)
    }

    private func runAttention(
        _ block: Int, _ batch: TokenBatch, _ workspace: Workspace, _ caches: [KeyValueCache],
        _ observe: ((ProjectionInput) -> Void)?
    ) throws {
        let sublayer = attention[block]
        let rows = batch.tokens.count
        guard let queryKeyValue = sublayer.queryKeyValue, let output = sublayer.output else {
            return addConstant(sublayer.outputBias, rows, workspace)
        }
        normalize(rows, workspace)
        try workspace.products.linear(
            queryKeyValue, rows: rows, source: workspace.normed.address, into: workspace.queryKeyValue.address,
            as: precision, bias: sublayer.queryKeyValueBias)
        workspace.reserveBranches(rows: batch.branchRows)
        var branchRows = 0
        try workspace.attention.apply(
            batch.sequences.enumerated().filter { !$1.isEmpty }.map { index, sequence -> CausalAttention.Operands in
                let prefix = batch.prefix(index)
                var operands: CausalAttention.Operands
                if prefix.isEmpty {
                    operands = attentionOperands(
                        sublayer, block, sequence, workspace, caches.isEmpty ? nil : caches[index])
                    if batch.hasManyLengths, caches.isEmpty {
                        operands.readableKeys = workspace.rows - sequence.lowerBound
                    }
                } else {
                    operands = branchOperands(sublayer, sequence, behind: prefix, workspace, firstRow: branchRows)
                    branchRows += prefix.count + sequence.count
                }
                if batch.hasManyLengths { operands.readableQueries = workspace.rows - sequence.lowerBound }
                return operands
            })
        try workspace.products.linear(
            output, rows: rows, source: workspace.mixed.address, into: workspace.residual.address, as: .float32,
            epilogue: .accumulate, bias: sublayer.outputBias)
        observe?(
            ProjectionInput(
                kind: .attention, block: block, values: workspace.mixed.address, rows: rows, width: output.inputs,
                precision: precision, residual: workspace.residual.floats))
    }

    /// Rotates and caches the rows of one sequence, for the attention to mix.
    private func attentionOperands(
        _ sublayer: AttentionSublayer, _ block: Int, _ sequence: Range<Int>, _ workspace: Workspace,
        _ cache: KeyValueCache?
    ) -> CausalAttention.Operands {
        let (size, element) = (description.headSize, precision.byteCount)
        let queryWidth = sublayer.queryHeads * size
        let keyValueWidth = sublayer.keyValueHeads * size
        let width = queryWidth + 2 * keyValueWidth
        let firstPosition = cache?.length ?? 0
        let rows = workspace.queryKeyValue.address + sequence.lowerBound * width * element
        rotary.apply(
            rows, count: sequence.count, stride: width, heads: sublayer.queryHeads + sublayer.keyValueHeads,
            firstPosition: firstPosition, precision: precision)
        var key = rows + queryWidth * element
        var value = key + keyValueWidth * element
        var (stride, readable) = (width, sequence.count)
        if let cache {
            let bytes = keyValueWidth * element
            for row in 0..<sequence.count {
                let target = (firstPosition + row) * bytes
                (cache.keys[block].address + target).copyMemory(from: key + row * width * element, byteCount: bytes)
                (cache.values[block].address + target).copyMemory(from: value + row * width * element, byteCount: bytes)
            }
            (key, value) = (cache.keys[block].address, cache.values[block].address)
            (stride, readable) = (keyValueWidth, cache.capacity)
        }
        return CausalAttention.Operands(
            query: rows, queryStride: width, key: key, value: value, keyValueStride: stride,
            output: workspace.mixed.address + sequence.lowerBound * queryWidth * element, outputStride: queryWidth,
            queryHeads: sublayer.queryHeads, keyValueHeads: sublayer.keyValueHeads, queries: sequence.count,
            firstPosition: firstPosition, readableKeys: readable)
    }

    private func runMLP(
        _ block: Int, _ batch: TokenBatch, _ workspace: Workspace, _ observe: ((ProjectionInput) -> Void)?
    ) throws {
        let sublayer = mlp[block]
        let rows = batch.tokens.count
        guard let gate = sublayer.gate, let up = sublayer.up, let down = sublayer.down else {
            return addConstant(sublayer.downBias, rows, workspace)
        }
        normalize(rows, workspace)
        try workspace.products.linear(
            gate, rows: rows, source: workspace.normed.address, into: workspace.gate.address, as: precision,
            epilogue: .swish, bias: sublayer.gateBias)
        try workspace.products.linear(
            up, rows: rows, source: workspace.normed.address, into: workspace.channels.address, as: precision,
            epilogue: .multiply, bias: sublayer.upBias, operand: workspace.gate.address)
        try workspace.products.linear(
            down, rows: rows, source: workspace.channels.address, into: workspace.residual.address, as: .float32,
            epilogue: .accumulate, bias: sublayer.downBias)
        observe?(
            ProjectionInput(
                kind: .mlp, block: block, values: workspace.channels.address, rows: rows, width: down.inputs,
                precision: precision, residual: workspace.residual.floats))
    }

    private func addConstant(_ bias: AlignedBuffer?, _ rows: Int, _ workspace: Workspace) {
        guard let bias else { return }
        let (width, residual) = (description.hiddenSize, workspace.residual.floats)
        for row in 0..<rows {
            for column in 0..<width { residual[row * width + column] += bias.floats[column] }
        }
    }
}

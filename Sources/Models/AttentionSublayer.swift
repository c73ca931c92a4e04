import Kernels

/// One block's attention, packed for the engine. Immutable, so that candidates share it.
package final class AttentionSublayer: Sendable {
    package let queryHeads: Int
    package let keyValueHeads: Int
    /// q, k and v in one matrix [(H + 2G)·headSize, D], the norm's weight folded in; `nil` when the sublayer is gone.
    let queryKeyValue: PackedWeights?
    let queryKeyValueBias: AlignedBuffer?
    let output: PackedWeights?
    /// [D]; all that is left of a sublayer that is gone.
    let outputBias: AlignedBuffer?

    package var byteCount: Int { (queryKeyValue?.byteCount ?? 0) + (output?.byteCount ?? 0) }

    package init(_ weights: AttentionWeights, precision: Precision) throws(KernelError) {
        queryHeads = weights.queryHeads
        keyValueHeads = weights.keyValueHeads
        outputBias = weights.outputBias.map(AlignedBuffer.init)
        guard weights.keyValueHeads > 0 else {
            (queryKeyValue, queryKeyValueBias, output) = (nil, nil, nil)
            return
        }
        let width = weights.hiddenSize
        let rows = weights.queryWidth + 2 * weights.keyValueWidth
        queryKeyValue = try PackedWeights(
            folding: weights.norm, into: [weights.query, weights.key, weights.value], width: width, precision: precision
        )
        if let query = weights.queryBias, let key = weights.keyBias, let value = weights.valueBias {
            queryKeyValueBias = AlignedBuffer(query + key + value)
            precondition(query.count + key.count + value.count == rows)
        } else {
            queryKeyValueBias = nil
        }
        output = try PackedWeights(
            weights.output, outputs: width, inputs: weights.queryWidth, precision: precision)
    }
}

/// One block's MLP, packed for the engine. Immutable, so that candidates share it.
package final class MLPSublayer: Sendable {
    package let channels: Int
    /// [F, D], the norm's weight folded in; `nil` when the sublayer is gone.
    let gate: PackedWeights?
    let gateBias: AlignedBuffer?
    let up: PackedWeights?
    let upBias: AlignedBuffer?
    let down: PackedWeights?
    /// [D]; all that is left of a sublayer that is gone.
    let downBias: AlignedBuffer?

    package var byteCount: Int { (gate?.byteCount ?? 0) + (up?.byteCount ?? 0) + (down?.byteCount ?? 0) }

    package init(_ weights: MLPWeights, precision: Precision) throws(KernelError) {
        channels = weights.channels
        downBias = weights.downBias.map(AlignedBuffer.init)
        guard weights.channels > 0 else {
            (gate, gateBias, up, upBias, down) = (nil, nil, nil, nil, nil)
            return
        }
        let width = weights.hiddenSize
        gate = try PackedWeights(folding: weights.norm, into: [weights.gate], width: width, precision: precision)
        up = try PackedWeights(folding: weights.norm, into: [weights.up], width: width, precision: precision)
        down = try PackedWeights(weights.down, outputs: width, inputs: weights.channels, precision: precision)
        gateBias = weights.gateBias.map(AlignedBuffer.init)
        upBias = weights.upBias.map(AlignedBuffer.init)
    }
}

extension PackedWeights {
    /// The matrices one below the other, each column scaled by the weight of the norm in front.
    convenience init(
        folding norm: [Float], into matrices: [[Float]], width: Int, precision: Precision
    ) throws(KernelError) {
        let rows = matrices.reduce(0) { $0 + $1.count / width }
        let scaled = AlignedBuffer(floats: rows * width)
        var target = scaled.floats
        for matrix in matrices {
            matrix.withUnsafeBufferPointer { source in
                norm.withUnsafeBufferPointer { norm in
                    for row in 0..<source.count / width {
                        for column in 0..<width {
                            target[row * width + column] = source[row * width + column] * norm[column]
                        }
                    }
                }
            }
            target += matrix.count
        }
        try self.init(scaled.floats, outputs: rows, inputs: width, precision: precision)
    }

    convenience init(
        _ values: [Float], outputs: Int, inputs: Int, precision: Precision
    ) throws(KernelError) {
        precondition(values.count == outputs * inputs)
        let copy = AlignedBuffer(values)
        try self.init(copy.floats, outputs: outputs, inputs: inputs, precision: precision)
    }
}

import Kernels
import Models

/// From the gradient behind a sublayer to that in front of it: what the residual connection carries, and what goes
/// through the sublayer.
extension BackwardPass {
    /// - Parameters:
    ///   - stream: in front of the sublayer, float32 [count, D].
    ///   - gradient: behind the sublayer, and then in front of it, float32 [count, D].
    func passMLP(
        _ weights: MLPWeights, _ stream: UnsafePointer<Float>, _ count: Int, _ gradient: UnsafeMutablePointer<Float>
    ) {
        let (width, channels) = (weights.hiddenSize, weights.channels)
        guard channels > 0 else { return }
        normalize(stream, weights.norm, count)
        let (gate, up, inputs) = (wide[0].floats, wide[1].floats, wide[2].floats)
        project(
            normed.floats, width, weights.gate, channels, bias: weights.gateBias, count, into: gate, stride: channels)
        project(normed.floats, width, weights.up, channels, bias: weights.upBias, count, into: up, stride: channels)
        projectBack(gradient, weights.down, inputs: channels, outputs: width, count, stride: width, into: inputs)
        GatedUnit.backward(inputs, gate: gate, up: up, count: count * channels)
        projectBack(gate, weights.gate, inputs: width, outputs: channels, count, stride: channels, into: inner.floats)
        projectBack(
            up, weights.up, inputs: width, outputs: channels, count, stride: channels, accumulates: true,
            into: inner.floats)
        addNormGradient(stream, weights.norm, count, to: gradient)
    }

    func passAttention(
        _ weights: AttentionWeights, _ stream: UnsafePointer<Float>, _ count: Int,
        _ gradient: UnsafeMutablePointer<Float>
    ) {
        guard weights.keyValueHeads > 0 else { return }
        let hidden = weights.hiddenSize
        let (queryWidth, keyValueWidth) = (weights.queryWidth, weights.keyValueWidth)
        let width = queryWidth + 2 * keyValueWidth
        normalize(stream, weights.norm, count)
        let (activations, gradients, mixed) = (wide[0].floats, wide[1].floats, wide[2].floats)
        let parts = [
            (weights.query, weights.queryBias, 0, queryWidth),
            (weights.key, weights.keyBias, queryWidth, keyValueWidth),
            (weights.value, weights.valueBias, queryWidth + keyValueWidth, keyValueWidth),
        ]
        for (matrix, bias, column, outputs) in parts {
            project(
                normed.floats, hidden, matrix, outputs, bias: bias, count, into: activations + column, stride: width)
        }
        let rotated = weights.queryHeads + weights.keyValueHeads
        model.rotary.apply(
            UnsafeMutableRawPointer(activations), count: count, stride: width, heads: rotated, firstPosition: 0,
            precision: .float32)
        projectBack(gradient, weights.output, inputs: queryWidth, outputs: hidden, count, stride: hidden, into: mixed)
        scores.apply(
            AttentionGradient.Operands(
                queryKeyValue: activations, output: mixed, gradient: gradients, queryHeads: weights.queryHeads,
                keyValueHeads: weights.keyValueHeads), rows: count)
        model.rotary.applyInverse(gradients, count: count, stride: width, heads: rotated)
        for (index, (matrix, _, column, outputs)) in parts.enumerated() {
            projectBack(
                gradients + column, matrix, inputs: hidden, outputs: outputs, count, stride: width,
                accumulates: index > 0, into: inner.floats)
        }
        addNormGradient(stream, weights.norm, count, to: gradient)
    }

    private func normalize(_ stream: UnsafePointer<Float>, _ norm: [Float], _ count: Int) {
        norm.withUnsafeBufferPointer {
            RootMeanSquareNorm.apply(
                stream, weight: $0.baseAddress!, rows: count, width: norm.count,
                epsilon: model.description.normEpsilon, into: normed.floats)
        }
    }

    private func addNormGradient(
        _ stream: UnsafePointer<Float>, _ norm: [Float], _ count: Int, to gradient: UnsafeMutablePointer<Float>
    ) {
        norm.withUnsafeBufferPointer {
            RootMeanSquareNorm.addGradient(
                inner.floats, weight: $0.baseAddress!, at: stream, rows: count, width: norm.count,
                epsilon: model.description.normEpsilon, to: gradient)
        }
    }

    /// Y = X·Wᵀ + b.
    private func project(
        _ input: UnsafeMutablePointer<Float>, _ inputs: Int, _ matrix: [Float], _ outputs: Int, bias: [Float]?,
        _ count: Int, into output: UnsafeMutablePointer<Float>, stride: Int
    ) {
        matrix.withUnsafeBufferPointer {
            LinearAlgebra.multiply(
                MatrixView(input, stride: inputs),
                MatrixView($0.baseAddress!, stride: inputs, isTransposed: true), rows: count, inner: inputs,
                columns: outputs, into: output, stride: stride)
        }
        guard let bias else { return }
        bias.withUnsafeBufferPointer { bias in
            for row in 0..<count {
                for column in 0..<outputs { output[row * stride + column] += bias[column] }
            }
        }
    }

    /// dX = dY·W, or dX += dY·W.
    /// - Parameter stride: floats from one row of dY to the next.
    private func projectBack(
        _ gradient: UnsafeMutablePointer<Float>, _ matrix: [Float], inputs: Int, outputs: Int, _ count: Int,
        stride: Int, accumulates: Bool = false, into target: UnsafeMutablePointer<Float>
    ) {
        matrix.withUnsafeBufferPointer {
            LinearAlgebra.multiply(
                MatrixView(gradient, stride: stride), MatrixView($0.baseAddress!, stride: inputs), rows: count,
                inner: outputs, columns: inputs, accumulates: accumulates, into: target, stride: inputs)
        }
    }
}

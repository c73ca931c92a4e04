import Checkpoints
import Kernels

/// A LLaMA-family decoder, read top to bottom: embedding, blocks of attention and MLP around a float32 residual
/// stream, norm and head. The weights' keys are in `Architecture.llama`.
///
/// A value: a pruned candidate is a copy with some sublayers replaced; everything else is shared.
package struct LlamaModel: Sendable {
    package var description: ModelDescription
    package let precision: Precision
    /// model.embed_tokens
    let embedding: TokenEmbedding
    /// model.layers.{block}.input_layernorm and .self_attn
    package var attention: [AttentionSublayer]
    /// model.layers.{block}.post_attention_layernorm and .mlp
    package var mlp: [MLPSublayer]
    /// model.norm and lm_head
    package let head: OutputHead.Weights
    package let rotary: Rotary

    /// Positions that a sequence may have.
    package var maximumPositions: Int { rotary.positions }

    /// Bytes of the packed weights.
    package var byteCount: Int {
        embedding.byteCount + head.byteCount + attention.reduce(0) { $0 + $1.byteCount }
            + mlp.reduce(0) { $0 + $1.byteCount }
    }

    /// Reads and packs weights, one at a time.
    /// - Parameters:
    ///   - positions: longest sequence that will be run, at most the context length.
    ///   - progress: called after each block with the number done.
    /// - Throws: `CheckpointError`, `KernelError`, `ModelError.contextExceeded`.
    package init(
        _ weights: any WeightSource, precision: Precision, positions: Int, progress: (Int) -> Void = { _ in }
    ) throws {
        let description = weights.description
        guard positions <= description.contextLength else {
            throw ModelError(
                .contextExceeded,
                "\(positions) positions are more than the model's context of \(description.contextLength)")
        }
        self.description = description
        self.precision = precision
        rotary = Rotary(frequencies: description.rope.frequencies(headSize: description.headSize), positions: positions)
        let table = try weights.values(.tokenEmbedding)!
        embedding = TokenEmbedding(table, width: description.hiddenSize, precision: precision)
        head = try OutputHead.Weights(
            folding: weights.values(.finalNorm)!, into: weights.values(.head) ?? table, precision: precision)
        attention = []
        mlp = []
        for block in description.blocks.indices {
            attention.append(try AttentionSublayer(weights.attentionWeights(block: block), precision: precision))
            mlp.append(try MLPSublayer(weights.mlpWeights(block: block), precision: precision))
            progress(block + 1)
        }
    }
}

/// The rows of model.embed_tokens.
final class TokenEmbedding: Sendable {
    private let table: AlignedBuffer  // `precision` [vocabulary, width]
    private let width: Int
    private let precision: Precision

    var byteCount: Int { table.byteCount }

    init(_ values: [Float], width: Int, precision: Precision) {
        self.width = width
        self.precision = precision
        table = AlignedBuffer(byteCount: values.count * precision.byteCount)
        values.withUnsafeBufferPointer { values in
            switch precision {
            case .float32: table.floats.update(from: values.baseAddress!, count: values.count)
            case .bfloat16:
                Bfloat16.encode(
                    values.baseAddress!, count: values.count,
                    into: table.address.assumingMemoryBound(to: UInt16.self))
            }
        }
    }

    /// Writes the float32 rows of `tokens` one below the other.
    func look(up tokens: [Int32], into output: UnsafeMutablePointer<Float>) {
        for (row, token) in tokens.enumerated() {
            let start = Int(token) * width
            switch precision {
            case .float32: (output + row * width).update(from: table.floats + start, count: width)
            case .bfloat16:
                Bfloat16.decode(
                    table.address.assumingMemoryBound(to: UInt16.self) + start, count: width,
                    into: output + row * width)
            }
        }
    }
}

extension OutputHead.Weights {
    /// The head with the final norm's weight folded into its columns.
    convenience init(folding norm: [Float], into values: [Float], precision: Precision) throws(KernelError) {
        let width = norm.count
        let scaled = AlignedBuffer(values)
        for row in 0..<values.count / width {
            for column in 0..<width { scaled.floats[row * width + column] *= norm[column] }
        }
        try self.init(scaled.floats, vocabularySize: values.count / width, width: width, precision: precision)
    }
}

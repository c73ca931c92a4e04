import Checkpoints
import Kernels
import Models

/// All logits of one sequence, row-major [tokens, vocabulary]: for comparisons with other implementations.
/// - Throws: errors that describe themselves in a sentence.
public func logits(model path: String, tokens: [Int32], compute: ComputeOptions) throws -> [Float] {
    let precision = try compute.apply()
    let model = try LlamaModel(openCheckpoint(path), precision: precision, positions: tokens.count)
    return try model.logits(of: tokens)
}

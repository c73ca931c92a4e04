import CGGML
import Checkpoints

/// Which type each weight of a file gets: llama.cpp's mixture (`src/llama-quant.cpp`). The head (or, where it is tied,
/// the embedding), and in the `_m` and `_s` mixtures some value and down projections, are kept better than the rest.
struct QuantizationMixture {
    let quantization: GGUFQuantization
    private let description: ModelDescription
    /// Blocks with attention, in order: the counts of value projections.
    private let attentionRank: [Int: Int]

    init(_ quantization: GGUFQuantization, _ description: ModelDescription) {
        self.quantization = quantization
        self.description = description
        let blocks = description.blocks.indices.filter { description.blocks[$0].keyValueHeads > 0 }
        attentionRank = Dictionary(uniqueKeysWithValues: blocks.enumerated().map { ($1, $0) })
    }

    func type(of shape: WeightShape) -> ElementType {
        // Vectors are small, and ggml adds them in float32.
        guard let columns = shape.columns else { return .float32 }
        guard quantization.isQuantised else { return ElementType(quantization.type)! }
        return Self.fitting(wanted(shape, columns), columns)
    }

    private func wanted(_ shape: WeightShape, _ columns: Int) -> ggml_type {
        let type = quantization.type
        let isHead = shape.weight.role == .head || (description.tiesEmbeddings && shape.weight.role == .tokenEmbedding)
        if isHead {
            if !ElementType(type)!.divides(columns) { return GGML_TYPE_Q8_0 }
            return type == GGML_TYPE_Q8_0 ? type : GGML_TYPE_Q6_K
        }
        let block = shape.weight.block ?? 0
        switch (quantization, shape.weight.role) {
        case (.q4KM, .valueProjection), (.q5KM, .valueProjection):
            return Self.usesMoreBits(attentionRank[block] ?? 0, of: attentionRank.count) ? GGML_TYPE_Q6_K : type
        case (.q4KM, .downProjection), (.q5KM, .downProjection):
            return Self.usesMoreBits(block, of: description.blocks.count) ? GGML_TYPE_Q6_K : type
        case (.q4KS, .valueProjection):
            return (attentionRank[block] ?? 0) < 4 ? GGML_TYPE_Q5_K : type
        case (.q4KS, .downProjection):
            return block < description.blocks.count / 8 ? GGML_TYPE_Q5_K : type
        default: return type
        }
    }

    /// The first and the last eighth, and every third between them.
    private static func usesMoreBits(_ index: Int, of count: Int) -> Bool {
        index < count / 8 || index >= 7 * count / 8 || (index - count / 8) % 3 == 2
    }

    /// Rows that are not whole blocks get the nearest type with smaller ones, at last binary16.
    private static func fitting(_ type: ggml_type, _ columns: Int) -> ElementType {
        let wanted = ElementType(type)!
        if wanted.divides(columns) { return wanted }
        let smaller: ggml_type =
            switch type {
            case GGML_TYPE_Q4_K: GGML_TYPE_Q5_0
            case GGML_TYPE_Q5_K: GGML_TYPE_Q5_1
            case GGML_TYPE_Q6_K: GGML_TYPE_Q8_0
            default: GGML_TYPE_F16
            }
        let fallback = ElementType(smaller)!
        return fallback.divides(columns) ? fallback : .float16
    }
}

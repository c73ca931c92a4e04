import Checkpoints
import Testing

@testable import Export

/// Against llama.cpp's own files: which tensors of LLaMA-2-7B are kept better is seen in every Q4_K_M file of it.
struct QuantizationMixtureTests {
    private static func description(hidden: Int, channels: Int, blocks: Int, ties: Bool = false) -> ModelDescription {
        .made(
            Array(repeating: BlockShape(queryHeads: 2, keyValueHeads: 2, channels: channels), count: blocks),
            hiddenSize: hidden, headSize: hidden / 2, biases: .down, ties: ties)
    }

    private func types(
        _ quantization: GGUFQuantization, _ role: Weight.Role, _ description: ModelDescription
    ) -> [String] {
        let mixture = QuantizationMixture(quantization, description)
        return description.weightShapes.filter { $0.weight.role == role }.map { mixture.type(of: $0).name }
    }

    @Test func betterBlocks() {
        let description = Self.description(hidden: 512, channels: 256, blocks: 32)
        let better: Set = [0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31]
        for role in [Weight.Role.valueProjection, .downProjection] {
            #expect(types(.q4KM, role, description) == (0..<32).map { better.contains($0) ? "Q6_K" : "Q4_K" })
            #expect(types(.q5KM, role, description) == (0..<32).map { better.contains($0) ? "Q6_K" : "Q5_K" })
            #expect(types(.q4KS, role, description) == (0..<32).map { $0 < 4 ? "Q5_K" : "Q4_K" })
            #expect(Set(types(.q80, role, description)) == ["Q8_0"])
        }
        #expect(Set(types(.q4KM, .gateProjection, description)) == ["Q4_K"])
        #expect(Set(types(.q4KM, .downBias, description)) == ["F32"])
        #expect(Set(types(.q40, .attentionNorm, description)) == ["F32"])
    }

    @Test func headAndEmbedding() {
        let untied = Self.description(hidden: 512, channels: 256, blocks: 2)
        #expect(types(.q4KM, .head, untied) == ["Q6_K"])
        #expect(types(.q4KM, .tokenEmbedding, untied) == ["Q4_K"])
        #expect(types(.q40, .head, untied) == ["Q6_K"])
        #expect(types(.q80, .head, untied) == ["Q8_0"])
        #expect(types(.f16, .head, untied) == ["F16"])
        let tied = Self.description(hidden: 512, channels: 256, blocks: 2, ties: true)
        #expect(types(.q4KM, .tokenEmbedding, tied) == ["Q6_K"])
    }

    /// Widths that are no multiple of 256, as of SmolLM2 (576).
    @Test(arguments: [
        (GGUFQuantization.q4KM, "Q5_0"), (.q5KM, "Q5_1"), (.q6K, "Q8_0"), (.q80, "Q8_0"), (.q40, "Q4_0"),
    ])
    func otherWidths(_ quantization: GGUFQuantization, _ fallback: String) {
        let description = Self.description(hidden: 576, channels: 48, blocks: 8)
        #expect(Set(types(quantization, .gateProjection, description)) == [fallback])
        // 48 channels are no whole block of any quantised type.
        #expect(Set(types(quantization, .downProjection, description)) == ["F16"])
        #expect(types(quantization, .head, description) == ["Q8_0"])
    }

    @Test(arguments: [
        (["Q4_1": 100, "Q8_0": 10], GGUFQuantization.q41), (["Q4_K": 100, "Q6_K": 40], .q4KM),
        (["F32": 1], .f32), (["BF16": 5], .bf16), (["IQ2_XXS": 5], .f16), ([:], .f16),
    ])
    func keeping(_ elements: [String: Int], _ quantization: GGUFQuantization) {
        #expect(GGUFQuantization(keeping: elements) == quantization)
    }
}

import Checkpoints

/// Weights made of a rule: different everywhere, and exact in every element type that is not quantised.
struct MadeWeights: WeightSource {
    var description: ModelDescription

    static func value(_ weight: Weight, _ index: Int) -> Float {
        let role = Weight.Role.allCases.firstIndex(of: weight.role) ?? 0
        return Float((index * 37 + role * 101 + (weight.block ?? -1) * 59) % 255 - 127) / 64
    }

    func read(_ weight: Weight, into destination: UnsafeMutableBufferPointer<Float>) throws {
        for index in destination.indices { destination[index] = Self.value(weight, index) }
    }
}

extension ModelDescription {
    static func made(
        _ blocks: [BlockShape], hiddenSize: Int = 12, headSize: Int = 4, biases: Biases = [.attentionOutput, .down],
        ties: Bool = false, rope: RotaryEmbedding = RotaryEmbedding(theta: 10000)
    ) -> ModelDescription {
        ModelDescription(
            architecture: .llama, hiddenSize: hiddenSize, vocabularySize: 17, headSize: headSize, normEpsilon: 1e-5,
            rope: rope, contextLength: 64, tiesEmbeddings: ties, biases: biases, blocks: blocks, beginOfTextToken: 1,
            endOfTextTokens: [2, 3])
    }
}

extension WeightSource {
    func matrix(_ role: Weight.Role, _ block: Int? = nil) throws -> [Float] { try values(role, block) ?? [] }
}

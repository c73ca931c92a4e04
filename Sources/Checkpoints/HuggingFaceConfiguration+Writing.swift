import Foundation

extension HuggingFaceConfiguration {
    /// The configuration of a model: plain `llama` where transformers' own class can express it, else
    /// `selfpruner_llama`.
    /// - Parameter elementType: of the stored weights, by torch's name: `float32`, `float16`, `bfloat16`.
    package init(_ description: ModelDescription, elementType: String) {
        let isPlain = description.isPlainLlama
        let blocks = description.blocks
        let biases = description.biases
        architectures = [isPlain ? "LlamaForCausalLM" : "SelfPrunerLlamaForCausalLM"]
        modelType = isPlain ? Self.llamaType : Self.prunedType
        hiddenSize = description.hiddenSize
        hiddenLayers = blocks.count
        // In a pruned model the widest block's; readers of the lists do not look at these. Where the most query heads
        // and the most key/value heads are in different blocks, rounded up to what makes sense together.
        // At least 1: transformers divides by them before the lists count.
        let (heads, groups) = (blocks.map(\.queryHeads).max() ?? 0, max(blocks.map(\.keyValueHeads).max() ?? 0, 1))
        attentionHeads = max((heads + groups - 1) / groups, 1) * groups
        keyValueHeads = groups
        intermediateSize = max(blocks.map(\.channels).max() ?? 0, 1)
        if !isPlain {
            attentionHeadsPerLayer = blocks.map(\.queryHeads)
            keyValueHeadsPerLayer = blocks.map(\.keyValueHeads)
            intermediateSizePerLayer = blocks.map(\.channels)
            attentionOutputBias = biases.contains(.attentionOutput)
            mlpDownBias = biases.contains(.down)
        }
        headSize = description.headSize
        activation = "silu"
        // The decimal that a person would write, not the float's expansion: 1e-05.
        normEpsilon = Double("\(description.normEpsilon)") ?? Double(description.normEpsilon)
        ropeTheta = description.rope.theta
        ropeScaling = RopeParameters(description.rope.scaling, contextLength: description.contextLength)
        tiesEmbeddings = description.tiesEmbeddings
        attentionBias = biases.contains(.queryKeyValue)
        mlpBias = biases.contains(.gateUp)
        vocabularySize = description.vocabularySize
        contextLength = description.contextLength
        beginOfTextToken = description.beginOfTextToken.map { TokenIdentifiers([$0]) }
        endOfTextToken = description.endOfTextTokens.isEmpty ? nil : TokenIdentifiers(description.endOfTextTokens)
        self.elementType = elementType
    }

    /// The text of `config.json`: keys sorted, so that equal models give equal files.
    package func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        var data = try encoder.encode(self)
        data.append(UInt8(ascii: "\n"))
        return data
    }
}

extension HuggingFaceConfiguration.RopeParameters {
    /// `nil` without scaling.
    fileprivate init?(_ scaling: RotaryEmbedding.Scaling, contextLength: Int) {
        switch scaling {
        case .none: return nil
        case .linear(let factor):
            type = "linear"
            self.factor = factor
        case .llama3(let factor, let low, let high, let originalContext):
            type = "llama3"
            self.factor = factor
            lowFrequencyFactor = low
            highFrequencyFactor = high
            originalContextLength = originalContext
        case .divisors(let divisors):
            // transformers has no type for plain divisors; longrope with equal lists and no attention factor is one.
            type = "longrope"
            factor = 1
            shortFactors = divisors
            longFactors = divisors
            attentionFactor = 1
            originalContextLength = contextLength
        }
    }
}

extension ModelDescription {
    /// Whether transformers' `LlamaForCausalLM` can express the model: uniform blocks with both sublayers, a number of
    /// query heads that divides the hidden size, and biases on all of a sublayer's projections or on none.
    package var isPlainLlama: Bool {
        guard let first = blocks.first, first.keyValueHeads > 0, first.channels > 0 else { return false }
        return blocks.allSatisfy { $0 == first } && hiddenSize.isMultiple(of: first.queryHeads)
            && biases.contains(.queryKeyValue) == biases.contains(.attentionOutput)
            && biases.contains(.gateUp) == biases.contains(.down)
    }
}

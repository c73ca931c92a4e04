import CGGML
import Checkpoints

extension GGUFExport {
    func setHyperparameters(_ header: GGUFMetadataWriter) {
        let description = weights.description
        let blocks = description.blocks
        let isUniform = blocks.allSatisfy { $0 == blocks[0] }
        let name = isUniform ? description.architecture.ggufName : description.architecture.ggufNamePerBlock
        func set(_ key: String, _ values: [Int]) {
            if isUniform {
                header.set("\(name).\(key)", values[0])
            } else {
                header.set("\(name).\(key)", values.map { Int32(clamping: $0) })
            }
        }
        header.set("general.architecture", name)
        header.set("general.file_type", quantization.fileType)
        header.set("general.quantization_version", Int(GGML_QNT_VERSION))
        header.set("general.size_label", Self.sizeLabel(description.parameters))
        header.set("\(name).block_count", blocks.count)
        header.set("\(name).context_length", description.contextLength)
        header.set("\(name).embedding_length", description.hiddenSize)
        header.set("\(name).vocab_size", description.vocabularySize)
        set("feed_forward_length", blocks.map(\.channels))
        set("attention.head_count", blocks.map(\.queryHeads))
        set("attention.head_count_kv", blocks.map(\.keyValueHeads))
        header.set("\(name).attention.layer_norm_rms_epsilon", description.normEpsilon)
        // Without these the width of a head would be guessed from the heads of block 0.
        header.set("\(name).attention.key_length", description.headSize)
        header.set("\(name).attention.value_length", description.headSize)
        header.set("\(name).rope.dimension_count", description.headSize)
        header.set("\(name).rope.freq_base", Float(description.rope.theta))
        if case .linear(let factor) = description.rope.scaling {
            header.set("\(name).rope.scaling.type", "linear")
            header.set("\(name).rope.scaling.factor", Float(factor))
        }
    }

    func set(_ tokenizer: GGUFTokenizerMetadata, _ header: GGUFMetadataWriter) {
        let prefix = "tokenizer.ggml"
        header.set("\(prefix).model", tokenizer.model)
        if let preTokenizer = tokenizer.preTokenizer { header.set("\(prefix).pre", preTokenizer) }
        header.set("\(prefix).tokens", tokenizer.tokens)
        header.set("\(prefix).token_type", tokenizer.tokenTypes)
        if !tokenizer.scores.isEmpty { header.set("\(prefix).scores", tokenizer.scores) }
        if !tokenizer.merges.isEmpty { header.set("\(prefix).merges", tokenizer.merges) }
        let tokens = [
            ("bos", tokenizer.beginOfTextToken), ("eos", tokenizer.endOfTextToken),
            ("eot", tokenizer.endOfTurnToken), ("eom", tokenizer.endOfMessageToken),
            ("unknown", tokenizer.unknownToken), ("padding", tokenizer.paddingToken),
        ]
        for (name, token) in tokens {
            if let token { header.set("\(prefix).\(name)_token_id", token) }
        }
        if let adds = tokenizer.addsBeginOfText { header.set("\(prefix).add_bos_token", adds) }
        if let adds = tokenizer.addsEndOfText { header.set("\(prefix).add_eos_token", adds) }
        if let adds = tokenizer.addsSpacePrefix { header.set("\(prefix).add_space_prefix", adds) }
        if let template = tokenizer.chatTemplate { header.set("tokenizer.chat_template", template) }
    }

    /// As llama.cpp's converter words it: 135M, 1.1B.
    private static func sizeLabel(_ parameters: Int) -> String {
        let millions = Double(parameters) / 1e6
        if millions < 1 { return "\(parameters / 1000)K" }
        if millions < 1000 { return "\(Int(millions.rounded()))M" }
        let tenths = Int((millions / 100).rounded())
        return tenths < 100 && !tenths.isMultiple(of: 10) ? "\(tenths / 10).\(tenths % 10)B" : "\((tenths + 5) / 10)B"
    }
}

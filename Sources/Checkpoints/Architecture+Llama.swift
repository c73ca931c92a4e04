extension Architecture {
    /// LLaMA 1–3, SmolLM, TinyLlama, Mistral-shaped checkpoints without sliding windows.
    package static let llama = Architecture(
        ggufName: "llama",
        ggufNamePerBlock: "deci",
        modelTypes: ["llama", "selfpruner_llama"],
        weights: [
            .init(.tokenEmbedding, "model.embed_tokens.weight", "token_embd.weight", .vocabulary, .hidden),
            .init(
                .attentionNorm, "\(layer).input_layernorm.weight", "\(blk).attn_norm.weight", .hidden,
                when: .withAttention),
            .init(
                .queryProjection, "\(layer).self_attn.q_proj.weight", "\(blk).attn_q.weight", .queryWidth, .hidden,
                when: .withAttention, rotary: true),
            .init(
                .keyProjection, "\(layer).self_attn.k_proj.weight", "\(blk).attn_k.weight", .keyValueWidth, .hidden,
                when: .withAttention, rotary: true),
            .init(
                .valueProjection, "\(layer).self_attn.v_proj.weight", "\(blk).attn_v.weight", .keyValueWidth, .hidden,
                when: .withAttention),
            .init(
                .outputProjection, "\(layer).self_attn.o_proj.weight", "\(blk).attn_output.weight", .hidden,
                .queryWidth,
                when: .withAttention),
            .init(
                .queryBias, "\(layer).self_attn.q_proj.bias", "\(blk).attn_q.bias", .queryWidth,
                when: .bias(.queryKeyValue), rotary: true),
            .init(
                .keyBias, "\(layer).self_attn.k_proj.bias", "\(blk).attn_k.bias", .keyValueWidth,
                when: .bias(.queryKeyValue), rotary: true),
            .init(
                .valueBias, "\(layer).self_attn.v_proj.bias", "\(blk).attn_v.bias", .keyValueWidth,
                when: .bias(.queryKeyValue)),
            .init(
                .outputBias, "\(layer).self_attn.o_proj.bias", "\(blk).attn_output.bias", .hidden,
                when: .bias(.attentionOutput), constant: "\(layer).self_attn.constant"),
            .init(
                .mlpNorm, "\(layer).post_attention_layernorm.weight", "\(blk).ffn_norm.weight", .hidden, when: .withMLP),
            .init(
                .gateProjection, "\(layer).mlp.gate_proj.weight", "\(blk).ffn_gate.weight", .channels, .hidden,
                when: .withMLP),
            .init(
                .upProjection, "\(layer).mlp.up_proj.weight", "\(blk).ffn_up.weight", .channels, .hidden, when: .withMLP
            ),
            .init(
                .downProjection, "\(layer).mlp.down_proj.weight", "\(blk).ffn_down.weight", .hidden, .channels,
                when: .withMLP),
            .init(.gateBias, "\(layer).mlp.gate_proj.bias", "\(blk).ffn_gate.bias", .channels, when: .bias(.gateUp)),
            .init(.upBias, "\(layer).mlp.up_proj.bias", "\(blk).ffn_up.bias", .channels, when: .bias(.gateUp)),
            .init(
                .downBias, "\(layer).mlp.down_proj.bias", "\(blk).ffn_down.bias", .hidden, when: .bias(.down),
                constant: "\(layer).mlp.constant"),
            .init(.finalNorm, "model.norm.weight", "output_norm.weight", .hidden),
            .init(.head, "lm_head.weight", "output.weight", .vocabulary, .hidden, when: .unlessTied),
        ])

    private static let layer = "model.layers.{block}"
    private static let blk = "blk.{block}"
}

extension Architecture.Declaration {
    init(
        _ role: Weight.Role, _ huggingFaceKey: String, _ ggufKey: String, _ rows: Architecture.Extent,
        _ columns: Architecture.Extent? = nil, when presence: Architecture.Presence = .always, rotary: Bool = false,
        constant: String? = nil
    ) {
        self.init(
            role: role, huggingFaceKey: huggingFaceKey, ggufKey: ggufKey, constantKey: constant, rows: rows,
            columns: columns, presence: presence, isRotaryPermutedInGGUF: rotary)
    }
}

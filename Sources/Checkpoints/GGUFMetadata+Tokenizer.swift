extension GGUFMetadata {
    /// The `tokenizer.*` keys.
    /// - Throws: `CheckpointError.badConfiguration` for a key of the wrong type.
    func tokenizer() throws(CheckpointError) -> GGUFTokenizerMetadata {
        var tokenizer = GGUFTokenizerMetadata()
        tokenizer.model = try string("tokenizer.ggml.model") ?? ""
        tokenizer.preTokenizer = try string("tokenizer.ggml.pre")
        tokenizer.tokens = try strings("tokenizer.ggml.tokens") ?? []
        tokenizer.tokenTypes = try int32s("tokenizer.ggml.token_type") ?? []
        tokenizer.scores = try floats("tokenizer.ggml.scores") ?? []
        tokenizer.merges = try strings("tokenizer.ggml.merges") ?? []
        tokenizer.beginOfTextToken = try integer("tokenizer.ggml.bos_token_id")
        tokenizer.endOfTextToken = try integer("tokenizer.ggml.eos_token_id")
        tokenizer.endOfTurnToken = try integer("tokenizer.ggml.eot_token_id")
        tokenizer.endOfMessageToken = try integer("tokenizer.ggml.eom_token_id")
        tokenizer.unknownToken = try integer("tokenizer.ggml.unknown_token_id")
        tokenizer.paddingToken = try integer("tokenizer.ggml.padding_token_id")
        tokenizer.addsBeginOfText = try bool("tokenizer.ggml.add_bos_token")
        tokenizer.addsEndOfText = try bool("tokenizer.ggml.add_eos_token")
        tokenizer.addsSpacePrefix = try bool("tokenizer.ggml.add_space_prefix")
        tokenizer.chatTemplate = try string("tokenizer.chat_template")
        return tokenizer
    }
}

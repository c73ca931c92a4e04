extension Tokenizer {
    /// What chat templates expect to know of the tokenizer.
    package var templateVariables: [String: TemplateValue] {
        func text(_ token: Int32?) -> TemplateValue {
            .string(token.map { decode([$0], skippingSpecialTokens: false) } ?? "")
        }
        return ["bos_token": text(beginOfTextToken), "eos_token": text(endOfTextToken)]
    }
}

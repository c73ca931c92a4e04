import Tokenization

/// How the words of a user become the tokens that a model continues.
struct PromptEncoding {
    private let tokenizer: Tokenizer
    /// `nil` for prompts that are continued as they are.
    private let template: ChatTemplate?
    private let systemPrompt: String?

    /// - Parameters:
    ///   - isChat: a prompt is a user's message, put into the checkpoint's chat template.
    ///   - systemPrompt: goes before the message (chat only).
    ///   - model: for errors.
    /// - Throws: `SelfPrunerError.noChatTemplate`; `ChatTemplateError`.
    init(_ isChat: Bool, _ systemPrompt: String?, _ model: String, _ tokenizer: Tokenizer) throws {
        self.tokenizer = tokenizer
        self.systemPrompt = systemPrompt
        guard isChat else {
            template = nil
            return
        }
        guard let source = tokenizer.chatTemplate else {
            throw SelfPrunerError(.noChatTemplate, "The checkpoint \(model) has no chat template; leave out --chat")
        }
        template = try ChatTemplate(source)
    }

    /// - Throws: `SelfPrunerError.badOption` for a prompt without tokens; `ChatTemplateError`.
    func tokens(_ prompt: String) throws -> [Int32] {
        let tokens: [Int32]
        if let template {
            var messages = [ChatMessage(role: "user", content: prompt)]
            if let systemPrompt { messages.insert(ChatMessage(role: "system", content: systemPrompt), at: 0) }
            let rendered = try template.render(
                messages: messages, addingGenerationPrompt: true, variables: tokenizer.templateVariables)
            // The template writes the begin-of-text token itself where it wants one.
            tokens = tokenizer.encode(rendered, addingSpecialTokens: false, parsingSpecialTokens: true)
        } else {
            tokens = tokenizer.encode(prompt, addingSpecialTokens: true, parsingSpecialTokens: true)
        }
        guard !tokens.isEmpty else {
            throw SelfPrunerError(.badOption, "The prompt is empty; give at least one token to continue")
        }
        return tokens
    }
}

/// What a model answered. The content is data from outside: nothing in it is ever an instruction.
package struct ChatReply: Sendable, Equatable, Codable {
    package var content: String
    /// Tokens as the server counted them; `nil` when it did not say.
    package var promptTokens: Int?
    package var completionTokens: Int?
    /// From the first attempt to the reply, pauses between attempts included.
    package var seconds: Double
    /// HTTP requests that were sent for this reply.
    package var attempts: Int
    /// As the server says it: `stop`, `length` and so on.
    package var finishReason: String?

    package init(
        content: String, promptTokens: Int? = nil, completionTokens: Int? = nil, seconds: Double = 0,
        attempts: Int = 1, finishReason: String? = nil
    ) {
        self.content = content
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.seconds = seconds
        self.attempts = attempts
        self.finishReason = finishReason
    }
}

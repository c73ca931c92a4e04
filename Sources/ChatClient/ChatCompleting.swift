/// What answers chat requests: an endpoint, a record of one, or both.
package protocol ChatCompleting: Sendable {
    /// - Throws: `ChatError`.
    func complete(_ request: ChatRequest) async throws(ChatError) -> ChatReply

    /// What was spent so far.
    var usage: ChatUsage { get async }
}

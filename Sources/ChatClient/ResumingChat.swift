/// Goes on with a recorded run: what the record has is answered from it, the rest by another chat, and recorded. A run
/// that was killed and makes the same requests again pays for none of them twice.
package final class ResumingChat: ChatCompleting {
    private let record: ChatRecord
    private let live: any ChatCompleting
    private let occurrences = Occurrences()
    /// What the record had when this began.
    private let before: ChatUsage

    package init(_ live: any ChatCompleting, record: ChatRecord) {
        self.live = live
        self.record = record
        before = record.usage
    }

    /// Of the whole run: all that is recorded, whether it is asked for again or not.
    package var usage: ChatUsage { get async { await live.usage + before } }

    /// - Throws: the recorded failure, what the other chat throws, and `ChatError.recordNotUsable` when that cannot be
    ///   recorded.
    package func complete(_ request: ChatRequest) async throws(ChatError) -> ChatReply {
        let identity = occurrences.identity(of: request)
        if let exchange = record.exchange(identity) { return try exchange.result() }
        let start = ContinuousClock.now
        let result: Result<ChatReply, ChatError>
        do throws(ChatError) { result = .success(try await live.complete(request)) } catch { result = .failure(error) }
        // What its caller cancelled tells nothing of the endpoint, and would be the answer forever.
        if case .failure(let error) = result, error.code == .cancelled { throw error }
        try record.append(ChatExchange(identity, request, result, seconds: (ContinuousClock.now - start).seconds))
        return try result.get()
    }
}

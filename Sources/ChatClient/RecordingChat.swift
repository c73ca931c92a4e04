/// Records every exchange of another chat, behind those that the record has already.
package final class RecordingChat: ChatCompleting {
    private let record: ChatRecord
    private let live: any ChatCompleting
    private let occurrences: Occurrences

    package init(_ live: any ChatCompleting, record: ChatRecord) {
        self.live = live
        self.record = record
        occurrences = Occurrences(from: record.nextOccurrences())
    }

    package var usage: ChatUsage { get async { await live.usage } }

    /// - Throws: what the other chat throws, and `ChatError.recordNotUsable` when that cannot be recorded.
    package func complete(_ request: ChatRequest) async throws(ChatError) -> ChatReply {
        try await live.complete(request, as: occurrences.identity(of: request), recordedIn: record)
    }
}

extension ChatCompleting {
    /// A request that its caller cancelled is not recorded: it tells nothing of the endpoint, and would be the answer
    /// forever.
    func complete(
        _ request: ChatRequest, as identity: ChatExchange.Identity, recordedIn record: ChatRecord
    ) async throws(ChatError) -> ChatReply {
        let start = ContinuousClock.now
        let result: Result<ChatReply, ChatError>
        do throws(ChatError) { result = .success(try await complete(request)) } catch { result = .failure(error) }
        if case .failure(let error) = result, error.code == .cancelled { throw error }
        try record.append(ChatExchange(identity, request, result, seconds: (ContinuousClock.now - start).seconds))
        return try result.get()
    }
}

import Synchronization

/// Answers from a record, without a network: the n-th of equal requests as the n-th was answered then, failures as
/// failures. Its usage is what that cost then.
package final class ChatReplay: ChatCompleting {
    private let path: String
    private let exchanges: [ChatExchange.Identity: ChatExchange]
    private let occurrences = Occurrences()
    private let spent: Mutex<ChatUsage>

    /// - Throws: `ChatError.recordNotUsable`, naming the line that is damaged.
    package init(path: String, prices: ChatPrices? = nil) throws(ChatError) {
        let pairs = try ChatExchange.read(try ChatRecord.bytes(of: path), path: path).exchanges.map {
            ($0.identity, $0)
        }
        self.path = path
        exchanges = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
        spent = Mutex(ChatUsage(prices: prices))
    }

    package var usage: ChatUsage { spent.withLock { $0 } }

    /// - Throws: the recorded failure, or `ChatError.notRecorded`.
    package func complete(_ request: ChatRequest) async throws(ChatError) -> ChatReply {
        guard let exchange = exchanges[occurrences.identity(of: request)] else {
            let error = ChatError(.notRecorded, "The chat record \(path) has no such request, or not so often")
            spent.withLock { $0.count(error, seconds: 0) }
            throw error
        }
        spent.withLock { $0.count(exchange) }
        return try exchange.result()
    }
}

extension ChatUsage {
    mutating func count(_ exchange: ChatExchange) {
        if let reply = exchange.reply { count(reply) }
        if let failure = exchange.failure { count(failure, seconds: exchange.seconds) }
    }
}

import Foundation

/// One request and what came of it: a line of a record.
package struct ChatExchange: Sendable, Equatable, Codable {
    /// The request's hash, and how many equal requests were made before this one.
    package var hash: String
    package var occurrence: Int
    package var request: ChatRequest
    /// One of these two.
    package var reply: ChatReply?
    package var failure: ChatError?
    package var seconds: Double

    init(_ identity: Identity, _ request: ChatRequest, _ result: Result<ChatReply, ChatError>, seconds: Double) {
        hash = identity.hash
        occurrence = identity.occurrence
        self.request = request
        switch result {
        case .success(let reply): self.reply = reply
        case .failure(let error): failure = error
        }
        self.seconds = seconds
    }

    var identity: Identity { Identity(hash: hash, occurrence: occurrence) }

    func result() throws(ChatError) -> ChatReply {
        if let reply { return reply }
        throw failure ?? ChatError(.recordNotUsable, "The record has neither a reply nor a failure")
    }

    /// What names an exchange within a run.
    struct Identity: Hashable, Sendable {
        var hash: String
        var occurrence: Int
    }
}

extension ChatExchange {
    /// A whole line, its line feed included.
    func line() throws(ChatError) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return try encoder.encode(self) + [0x0a] } catch {
            throw ChatError(.recordNotUsable, "The exchange \(hash) cannot be put into a line of a record")
        }
    }

    /// The exchanges of a record. What is after the last line feed is a line that was being written when the program
    /// ended, and is left out.
    /// - Returns: also the number of bytes of the whole lines.
    /// - Throws: `ChatError.recordNotUsable`.
    static func read(_ contents: Data, path: String) throws(ChatError) -> (exchanges: [ChatExchange], bytes: Int) {
        guard let last = contents.lastIndex(of: 0x0a) else { return ([], 0) }
        let whole = contents[contents.startIndex...last]
        let decoder = JSONDecoder()
        var exchanges: [ChatExchange] = []
        var known: Set<Identity> = []
        for (index, line) in whole.dropLast().split(separator: 0x0a, omittingEmptySubsequences: false).enumerated() {
            guard let exchange = try? decoder.decode(ChatExchange.self, from: line), exchange.isSound,
                known.insert(exchange.identity).inserted
            else {
                throw ChatError(.recordNotUsable, "Line \(index + 1) of the chat record \(path) is damaged")
            }
            exchanges.append(exchange)
        }
        return (exchanges, whole.count)
    }

    private var isSound: Bool {
        occurrence >= 0 && (reply == nil) != (failure == nil) && seconds >= 0 && (reply?.seconds ?? 0) >= 0
            && hash == request.hash
    }
}

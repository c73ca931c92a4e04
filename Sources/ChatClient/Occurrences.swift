import Synchronization

/// Numbers equal requests from 0 in the order in which they are made.
///
/// Where equal requests are made concurrently, that order is the caller's to fix.
final class Occurrences: Sendable {
    private let next = Mutex<[String: Int]>([:])

    func identity(of request: ChatRequest) -> ChatExchange.Identity {
        let hash = request.hash
        return next.withLock { next in
            let occurrence = next[hash, default: 0]
            next[hash] = occurrence + 1
            return ChatExchange.Identity(hash: hash, occurrence: occurrence)
        }
    }
}

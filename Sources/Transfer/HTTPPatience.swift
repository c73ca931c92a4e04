/// When to give up waiting.
package enum HTTPPatience: Sendable {
    /// The whole exchange may take so long.
    case whole(Duration)
    /// The exchange may take as long as it needs, provided that more than `HTTPPatience.trickle` bytes come in every
    /// such time.
    case silence(Duration)

    /// Bytes that count as silence, so that a server cannot hold on to a client by a byte a minute.
    static let trickle = 1024

    /// Returns when patience has run out.
    /// - Parameter received: bytes so far.
    /// - Throws: `CancellationError`.
    func runOut(_ received: @Sendable () -> Int) async throws {
        switch self {
        case .whole(let time): try await Task.sleep(for: time)
        case .silence(let time):
            var before = -1
            while received() - before > (before < 0 ? 0 : Self.trickle) {
                before = received()
                try await Task.sleep(for: time)
            }
        }
    }
}

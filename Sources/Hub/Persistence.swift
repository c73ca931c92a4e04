import Foundation
import Transfer

/// Tries again after failures that may pass, with pauses that double.
struct Persistence {
    private let configuration: HubConfiguration
    private var backoff: Backoff
    private var failures = 0

    init(_ configuration: HubConfiguration) {
        self.configuration = configuration
        backoff = Backoff(
            first: configuration.firstPause, longest: configuration.longestPause, seed: configuration.jitterSeed)
    }

    /// Something came: failures count anew.
    mutating func succeeded() { failures = 0 }

    /// Waits before another attempt.
    /// - Throws: the error, if there is to be none; `CancellationError`.
    mutating func pause(after failure: HubClient.Failure) async throws {
        if failure.isCancelled { throw CancellationError() }
        guard failure.isPassing else { throw failure.error }
        failures += 1
        var error = failure.error
        guard failures < configuration.maximumAttempts else {
            if failures > 1 { error.message += ", after \(failures) attempts" }
            throw error
        }
        let pause = failure.pause ?? backoff.pause(after: failures)
        guard pause <= max(configuration.longestRequestedPause, configuration.longestPause) else {
            error.message += ", and asks to wait for \(pause.text)"
            throw error
        }
        try await Task.sleep(for: pause)
    }
}

extension HubClient {
    /// A reply that is read whole.
    /// - Parameter limit: the most bytes that it may have.
    func fetch(_ address: URL, _ what: String, limit: Int? = nil) async throws -> Data {
        var persistence = Persistence(configuration)
        while true {
            do throws(Failure) {
                return try await send(.get, address, what, limit: limit ?? configuration.maximumReplyBytes).body
            } catch {
                try await persistence.pause(after: error)
            }
        }
    }
}

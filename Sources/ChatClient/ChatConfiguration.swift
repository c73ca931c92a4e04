import Foundation

/// Which endpoint to ask, and how long and how often.
package struct ChatConfiguration: Sendable {
    /// Where completions are: `…/chat/completions`.
    package let address: URL
    package let model: String

    /// Of one HTTP request, from connecting to the reply's last byte.
    package var timeout = Duration.seconds(120)
    /// Of one call of `complete`, all attempts and pauses together, from when it is its turn.
    package var deadline = Duration.seconds(300)
    /// HTTP requests for one call; at least one. (Falling back from structured output is not counted.)
    package var maximumAttempts = 4
    package var maximumReplyBytes = 1 << 20
    /// Calls that are under way at the same time; at least one. The others wait for their turn.
    package var concurrency = 4
    package var prices: ChatPrices?

    /// The pause after the first failure; it doubles from failure to failure.
    package var firstPause = Duration.milliseconds(500)
    package var longestPause = Duration.seconds(30)
    /// A server that asks for a longer pause (Retry-After) is not asked again.
    package var longestRequestedPause = Duration.seconds(60)
    /// Seeds the random part of pauses; `nil` for none.
    package var jitterSeed: UInt64? = 0

    /// So many failed calls in a row open the circuit: for `coolDown`, calls fail at once. Then a single one is let
    /// through to see whether the endpoint is back.
    package var failureLimit = 5
    package var coolDown = Duration.seconds(30)

    /// - Parameter endpoint: `http://host:port`, a base such as `https://host/v1`, or all of `…/chat/completions`.
    /// - Throws: `ChatError.badEndpoint`.
    package init(endpoint: String, model: String) throws(ChatError) {
        address = try Self.address(of: endpoint)
        self.model = model
    }

    /// The endpoint in sentences: never its query, where some services have keys.
    var name: String {
        let host = address.host ?? ""
        return address.port.map { "\(host):\($0)" } ?? host
    }

    private static func address(of endpoint: String) throws(ChatError) -> URL {
        let text = endpoint.trimmingCharacters(in: .whitespacesAndNewlines)
        guard var parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            ["http", "https"].contains(scheme)
        else { throw ChatError(.badEndpoint, "The endpoint is no address that begins with http:// or https://") }
        guard parts.user == nil, parts.password == nil else {
            throw ChatError(.badEndpoint, "The endpoint has a user or password in it, which would not stay secret")
        }
        // A run's folder records the endpoint.
        guard parts.queryItems?.allSatisfy({ $0.name == "api-version" }) ?? true else {
            throw ChatError(
                .badEndpoint, "The endpoint has a query behind its path, which would not stay secret if it were a key")
        }
        guard let host = parts.host, !host.isEmpty, (1...65_535).contains(parts.port ?? 80) else {
            throw ChatError(.badEndpoint, "The endpoint has no host, or no port between 1 and 65535")
        }
        var path = parts.path
        while path.hasSuffix("/") { path.removeLast() }
        if path.isEmpty { path = "/v1" }
        if !path.hasSuffix("/chat/completions") { path += "/chat/completions" }
        parts.path = path
        parts.fragment = nil
        guard let url = parts.url else { throw ChatError(.badEndpoint, "The endpoint is no address") }
        return url
    }
}

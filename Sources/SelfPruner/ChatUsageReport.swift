import ChatClient

/// What a chat endpoint was asked and what that cost.
public struct ChatUsageReport: Sendable, Codable {
    public var requests: Int
    /// HTTP requests, repeated ones included.
    public var attempts: Int
    /// Requests without a usable reply, by reason.
    public var failures: [String: Int]
    public var promptTokens: Int
    public var completionTokens: Int
    /// Of all requests together; they run side by side.
    public var seconds: Double
    /// In the currency of the prices given; `nil` without prices.
    public var cost: Double?
}

extension ChatUsageReport {
    init?(_ chat: (any ChatCompleting)?) async {
        guard let usage = await chat?.usage else { return nil }
        self.init(
            requests: usage.requests, attempts: usage.attempts,
            failures: Dictionary(uniqueKeysWithValues: usage.failures.map { ($0.key.rawValue, $0.value) }),
            promptTokens: usage.promptTokens, completionTokens: usage.completionTokens, seconds: usage.seconds,
            cost: usage.cost)
    }
}

import Foundation

/// A POST to an address.
struct HTTPRequest: Sendable {
    var address: URL
    var headers: [(name: String, value: String)]
    var body: Data
}

/// What became of a request.
enum HTTPOutcome: Sendable {
    case reply(status: Int, body: Data, contentType: String?, retryAfter: String?)
    /// Never followed: the key is meant for one host, and a request that was moved elsewhere is for the user to move.
    case redirect(status: Int, host: String?)
    case tooLarge
    case timeout
    /// In words that go after "The connection to …".
    case failure(String)
    case cancelled
}

/// Sends requests. Each ends within its time, whatever the server does, and at once when its task is cancelled.
protocol HTTPTransport: AnyObject, Sendable {
    /// - Parameter limit: the most bytes that the body of the reply may have.
    func send(_ request: HTTPRequest, limit: Int, within time: Duration) async -> HTTPOutcome

    /// Requests under way.
    var count: Int { get }
}

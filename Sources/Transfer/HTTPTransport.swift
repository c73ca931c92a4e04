import Foundation

package struct HTTPRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
    }

    package var method: Method
    package var address: URL
    package var headers: [(name: String, value: String)]
    package var body: Data

    package init(
        _ method: Method = .post, address: URL, headers: [(name: String, value: String)], body: Data = Data()
    ) {
        self.method = method
        self.address = address
        self.headers = headers
        self.body = body
    }
}

/// What comes before the body of a reply.
package struct HTTPHead: Sendable {
    package var status: Int
    /// Names are in lower case.
    package var headers: [(name: String, value: String)]

    package init(status: Int, headers: [(name: String, value: String)]) {
        self.status = status
        self.headers = headers
    }

    /// The first value of a header, by its name in lower case.
    package subscript(name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// What became of a request.
package enum HTTPOutcome: Sendable {
    /// The body is empty where a receiver took it.
    case reply(HTTPHead, body: Data)
    /// Never followed here: keys are meant for one host. The address may be missing or no address.
    case redirect(HTTPHead, to: URL?)
    case tooLarge
    case timeout
    /// In words that go after "The connection to …".
    case failure(String)
    /// The receiver wanted no more.
    case declined
    case cancelled
}

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

/// Takes the body of a reply as it comes, for bodies that are not to be held in memory. Its methods are called by one
/// thread at a time, but perhaps once more after the exchange has ended for another reason.
package protocol HTTPReceiver: AnyObject, Sendable {
    /// - Returns: the most bytes that are taken of this reply's body; `nil` to leave it to the outcome, as an error
    ///   message is.
    func begin(_ head: HTTPHead) -> Int?

    /// - Returns: `false` to end the exchange.
    func take(_ bytes: Data) -> Bool
}

/// Sends requests. Each ends when patience has run out, whatever the server does, and at once when its task is
/// cancelled.
package protocol HTTPTransport: AnyObject, Sendable {
    /// - Parameters:
    ///   - limit: the most bytes of a body that goes into the outcome.
    ///   - receiver: takes the body of a reply, if it wants it.
    func send(
        _ request: HTTPRequest, limit: Int, patience: HTTPPatience, receiver: (any HTTPReceiver)?
    ) async -> HTTPOutcome

    /// Requests under way.
    var count: Int { get }
}

extension HTTPTransport {
    package func send(_ request: HTTPRequest, limit: Int, within time: Duration) async -> HTTPOutcome {
        await send(request, limit: limit, patience: .whole(time), receiver: nil)
    }
}

import Foundation

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

/// Takes the body of a reply as it comes, for bodies that are not to be held in memory. Its methods are called by one
/// thread at a time, but perhaps once more after the exchange has ended for another reason.
package protocol HTTPReceiver: AnyObject, Sendable {
    /// - Returns: the most bytes that are taken of this reply's body; `nil` to leave it to the outcome, as an error
    ///   message is.
    func begin(_ head: HTTPHead) -> Int?

    /// - Returns: `false` to end the exchange.
    func take(_ bytes: Data) -> Bool
}

import Foundation
import Transfer

/// Asks the hub. Redirects are followed here, since the token is for the hub alone; failures that may pass are left to
/// `Persistence`.
final class HubClient: Sendable {
    /// A reply with a status of success.
    struct Reply {
        var head: HTTPHead
        var body: Data
    }

    /// A request that failed, and whether another one may not.
    struct Failure: Error {
        var error: HubError
        var isPassing = false
        /// What the server asks for.
        var pause: Duration?
        var isCancelled = false

        init(_ error: HubError, isPassing: Bool = false, pause: Duration? = nil) {
            self.error = error
            self.isPassing = isPassing
            self.pause = pause
        }

        /// The task was cancelled.
        static var cancelled: Failure {
            var failure = Failure(HubError(.unreachable, "The request was cancelled"))
            failure.isCancelled = true
            return failure
        }
    }

    private static let longestWay = 10

    let configuration: HubConfiguration
    private let transport: HTTPTransport

    init(_ configuration: HubConfiguration) {
        self.configuration = configuration
        transport = HTTPTransport(certificates: configuration.certificates)
    }

    /// - Parameters:
    ///   - what: is asked for, in a sentence: `the file config.json of OWNER/NAME`.
    ///   - limit: the most bytes of a reply that goes into memory.
    ///   - staysHere: a redirect to another host is the reply, and not followed.
    func send(
        _ method: HTTPRequest.Method, _ address: URL, _ what: String, headers: [(name: String, value: String)] = [],
        limit: Int, receiver: (any HTTPReceiver)? = nil, staysHere: Bool = false
    ) async throws(Failure) -> Reply {
        var address = address
        var seen: Set<String> = []
        while true {
            guard seen.count < Self.longestWay, seen.insert(address.absoluteString).inserted else {
                throw Failure(HubError(.badRedirect, "\(host(address)) redirects in a circle when asked for \(what)"))
            }
            let outcome = await transport.send(
                HTTPRequest(method, address: address, headers: headers + ownHeaders(for: address)),
                limit: limit, patience: .silence(configuration.silence), receiver: receiver)
            switch outcome {
            case .redirect(let head, let next):
                if staysHere, let next, !next.hasOrigin(of: address) { return Reply(head: head, body: Data()) }
                address = try followed(next, from: address, what)
            case .reply(let head, let body) where (200..<300).contains(head.status):
                return Reply(head: head, body: body)
            case .reply(let head, let body): throw refusal(head, body, address, what)
            case .tooLarge:
                throw Failure(
                    HubError(.tooLarge, "\(host(address)) sends more than it should when asked for \(what)"))
            case .timeout:
                let time = configuration.silence.text
                throw Failure(
                    HubError(.timeout, "\(host(address)) sent nothing for \(time) when asked for \(what)"),
                    isPassing: true)
            case .failure(let how):
                throw Failure(
                    HubError(.unreachable, "The connection to \(host(address)) \(how), when asked for \(what)"),
                    isPassing: true)
            case .declined, .cancelled: throw .cancelled
            }
        }
    }

    private func followed(_ next: URL?, from address: URL, _ what: String) throws(Failure) -> URL {
        guard let next, let scheme = next.scheme?.lowercased(), ["http", "https"].contains(scheme),
            next.host?.isEmpty == false
        else {
            throw Failure(
                HubError(.badRedirect, "\(host(address)) redirects to no address when asked for \(what)"))
        }
        guard scheme == "https" || address.scheme?.lowercased() == "http" else {
            throw Failure(
                HubError(
                    .badRedirect,
                    "\(host(address)) redirects from https to http when asked for \(what), which is not followed"))
        }
        return next
    }

    /// The token goes to the hub and nowhere else.
    private func ownHeaders(for address: URL) -> [(name: String, value: String)] {
        var headers = [
            (name: "User-Agent", value: "selfpruner"), (name: "Accept", value: "*/*"),
            // Content is compared with checksums and sizes, so it must come as it is.
            (name: "Accept-Encoding", value: "identity"),
        ]
        if address.hasOrigin(of: configuration.endpoint), let token = configuration.token {
            headers.append(("Authorization", token.authorization))
        }
        return headers
    }

    /// Never more than that: addresses of storage are signed.
    func host(_ address: URL) -> String {
        let host = shown(address.host ?? "")
        return address.port.map { "\(host):\($0)" } ?? host
    }
}

extension URL {
    /// Scheme, host and port are the same.
    func hasOrigin(of other: URL) -> Bool {
        func port(_ url: URL) -> Int { url.port ?? (url.scheme?.lowercased() == "https" ? 443 : 80) }
        return scheme?.lowercased() == other.scheme?.lowercased() && host?.lowercased() == other.host?.lowercased()
            && port(self) == port(other)
    }
}

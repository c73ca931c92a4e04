import CCurl
import Foundation
import Synchronization

/// One request, and who answers for it: its thread, the clock or a cancellation, whichever comes first.
final class HTTPExchange: Sendable {
    private enum State {
        case new
        case waiting(CheckedContinuation<HTTPOutcome, Never>)
        case ended(HTTPOutcome)
    }

    private let request: HTTPRequest
    private let reception: HTTPReception
    private let state = Mutex(State.new)
    /// That runs it.
    private let handle = Mutex<CurlHandle?>(nil)

    init(_ request: HTTPRequest, limit: Int, _ receiver: (any HTTPReceiver)?) {
        self.request = request
        reception = HTTPReception(request.method, limit: limit, receiver)
    }

    /// Bytes so far.
    var received: Int { reception.received }

    func begin(_ continuation: CheckedContinuation<HTTPOutcome, Never>) {
        let early: HTTPOutcome? = state.withLock { state in
            if case .ended(let outcome) = state { return outcome }
            state = .waiting(continuation)
            return nil
        }
        if let early { continuation.resume(returning: early) }
    }

    /// The first end counts, even before the beginning: a clock may run out or a task be cancelled that early.
    func end(_ outcome: HTTPOutcome) {
        let continuation: CheckedContinuation<HTTPOutcome, Never>? = state.withLock { state in
            switch state {
            case .new:
                state = .ended(outcome)
                return nil
            case .waiting(let continuation):
                state = .ended(outcome)
                return continuation
            case .ended:
                return nil
            }
        }
        handle.withLock { $0 }?.wake()
        continuation?.resume(returning: outcome)
    }

    private var isOver: Bool {
        state.withLock { if case .waiting = $0 { false } else { true } }
    }

    /// Returns when the connection is no longer needed.
    /// - Returns: `nil` when somebody else has answered before the transfer was over.
    func run(_ handle: CurlHandle, certificates: String?) -> HTTPOutcome? {
        if isOver { return nil }
        self.handle.withLock { $0 = handle }
        defer { self.handle.withLock { $0 = nil } }
        handle.prepare(request, certificates: certificates, reception)
        guard let result = handle.perform(isOver: { isOver }) else { return nil }
        switch reception.end {
        case .notHTTP: return .failure("gave something that is not HTTP")
        case .tooLarge: return .tooLarge
        case .declined: return .declined
        case .redirected: return redirect
        case nil: break
        }
        let proxyStatus = handle.proxyStatus
        if result != CURLE_OK, proxyStatus >= 300 {
            return .failure("failed: its proxy answered with status \(proxyStatus)")
        }
        guard result == CURLE_OK else { return .failure(Self.words(for: result)) }
        guard reception.isHeadComplete else { return .failure(Self.words(for: CURLE_GOT_NOTHING)) }
        return reception.isRedirect ? redirect : .reply(reception.head, body: reception.body)
    }

    private var redirect: HTTPOutcome {
        let location = reception.head["location"] ?? ""
        return .redirect(reception.head, to: URL(string: location, relativeTo: request.address)?.absoluteURL)
    }

    /// In words of our own where they are of use: those of libcurl may quote the address.
    private static func words(for code: CURLcode) -> String {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: "failed: there is no such host"
        case CURLE_COULDNT_RESOLVE_PROXY: "failed: there is no such proxy"
        case CURLE_COULDNT_CONNECT: "was refused"
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR:
            "broke before the reply was complete"
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING:
            "gave something that is not HTTP"
        case CURLE_PEER_FAILED_VERIFICATION: "failed: its certificate is not to be trusted"
        case CURLE_SSL_CACERT_BADFILE: "failed: the file of certificates to trust cannot be read"
        case CURLE_SSL_CONNECT_ERROR: "failed while encryption was being agreed on"
        default: "failed (\(String(cString: curl_easy_strerror(code))))"
        }
    }
}

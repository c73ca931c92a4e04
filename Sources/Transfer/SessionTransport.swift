import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// One URL session, for https, and on top of it what URL sessions do not promise: a time limit for the whole exchange
/// (theirs is for silence, and a server that sends a byte a second is never silent), an end of reading once there is
/// too much, and an answer at once when the task is cancelled.
///
/// FoundationNetworking up to Swift 6.3 ends the program when a connection closes before the head of a reply is
/// complete (swift-corelibs-foundation, issue 5285), and reads on into memory until a cancellation gets to it, which
/// is why http does not go through here.
package final class SessionTransport: HTTPTransport {
    private let session: URLSession
    private let exchanges = HTTPExchanges()

    /// - Parameter patience: an upper bound of the time limits of all exchanges.
    package init(connections: Int, patience: Duration) {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpMaximumConnectionsPerHost = max(1, connections)
        configuration.urlCache = nil
        configuration.urlCredentialStorage = nil
        configuration.httpShouldSetCookies = false
        // Behind the limits here, so that one place decides.
        configuration.timeoutIntervalForRequest = patience.seconds + 60
        configuration.timeoutIntervalForResource = patience.seconds + 60
        session = URLSession(configuration: configuration, delegate: exchanges, delegateQueue: nil)
    }

    /// A session keeps its delegate and its connections until it is invalidated.
    deinit { session.invalidateAndCancel() }

    package var count: Int { exchanges.count }

    package func send(
        _ request: HTTPRequest, limit: Int, patience: HTTPPatience, receiver: (any HTTPReceiver)?
    ) async -> HTTPOutcome {
        if Task.isCancelled { return .cancelled }
        let task = session.dataTask(with: Self.urlRequest(request))
        let exchanges = exchanges
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let timer = Task.detached {
                    do { try await patience.runOut { exchanges.received(task.taskIdentifier) } } catch { return }
                    exchanges.end(task.taskIdentifier, .timeout)
                }
                exchanges.begin(task, limit: limit, receiver, timer: timer, continuation)
                // Cancelled before it began, it would never be told.
                if Task.isCancelled { exchanges.end(task.taskIdentifier, .cancelled) } else { task.resume() }
            }
        } onCancel: {
            exchanges.end(task.taskIdentifier, .cancelled)
        }
    }

    private static func urlRequest(_ request: HTTPRequest) -> URLRequest {
        var urlRequest = URLRequest(url: request.address)
        urlRequest.httpMethod = request.method.rawValue
        if request.method == .post { urlRequest.httpBody = request.body }
        for (name, value) in request.headers { urlRequest.setValue(value, forHTTPHeaderField: name) }
        return urlRequest
    }
}

/// The exchanges under way. Whoever takes one out first, be it its completion, the clock, the size limit or a
/// cancellation, answers for it; all others find nothing.
private final class HTTPExchanges: NSObject, URLSessionDataDelegate, Sendable {
    private struct Exchange {
        var task: URLSessionDataTask
        var limit: Int
        var receiver: (any HTTPReceiver)?
        /// The body goes to the receiver.
        var isStreaming = false
        /// Bytes of the body so far.
        var received = 0
        var timer: Task<Void, Never>
        var continuation: CheckedContinuation<HTTPOutcome, Never>
        var body = Data()
    }

    private let underWay = Mutex<[Int: Exchange]>([:])

    var count: Int { underWay.withLock { $0.count } }

    func received(_ identifier: Int) -> Int { underWay.withLock { $0[identifier]?.received ?? 0 } }

    func begin(
        _ task: URLSessionDataTask, limit: Int, _ receiver: (any HTTPReceiver)?, timer: Task<Void, Never>,
        _ continuation: CheckedContinuation<HTTPOutcome, Never>
    ) {
        let exchange = Exchange(
            task: task, limit: limit, receiver: receiver, timer: timer, continuation: continuation)
        underWay.withLock { $0[task.taskIdentifier] = exchange }
    }

    func end(_ identifier: Int, _ outcome: HTTPOutcome) {
        end(identifier) { _ in outcome }
    }

    private func end(_ identifier: Int, _ outcome: (Exchange) -> HTTPOutcome) {
        guard let exchange = underWay.withLock({ $0.removeValue(forKey: identifier) }) else { return }
        exchange.timer.cancel()
        exchange.task.cancel()
        exchange.continuation.resume(returning: outcome(exchange))
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        let identifier = dataTask.taskIdentifier
        if dataTask.originalRequest?.httpMethod != HTTPRequest.Method.head.rawValue {
            let receiver = underWay.withLock { $0[identifier]?.receiver }
            let bytes = (response as? HTTPURLResponse).flatMap { receiver?.begin(HTTPHead($0)) }
            let limit = underWay.withLock { exchanges in
                if let bytes {
                    exchanges[identifier]?.isStreaming = true
                    exchanges[identifier]?.limit = max(0, bytes)
                }
                return exchanges[identifier]?.limit
            }
            if let limit, response.expectedContentLength > Int64(limit) { end(identifier, .tooLarge) }
        }
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let identifier = dataTask.taskIdentifier
        let (isTooMuch, receiver) = underWay.withLock { exchanges -> (Bool, (any HTTPReceiver)?) in
            guard let exchange = exchanges[identifier] else { return (false, nil) }
            if data.count > exchange.limit - exchange.received { return (true, nil) }
            exchanges[identifier]?.received += data.count
            if exchange.isStreaming { return (false, exchange.receiver) }
            exchanges[identifier]?.body.append(data)
            return (false, nil)
        }
        if isTooMuch { end(identifier, .tooLarge) }
        if let receiver, !receiver.take(data) { end(identifier, .declined) }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        end(task.taskIdentifier, .redirect(HTTPHead(response), to: request.url))
        // The task is cancelled now, by this or by the clock before it, and FoundationNetworking ends the program when
        // a cancelled task is answered.
        #if !canImport(FoundationNetworking)
            completionHandler(nil)
        #endif
    }

    /// A server that asks for a password gets none: its 401 is the reply. Certificates are checked as usual.
    func urlSession(
        _ session: URLSession, task: URLSessionTask, didReceive challenge: URLAuthenticationChallenge,
        completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
        let passwords = [
            NSURLAuthenticationMethodDefault, NSURLAuthenticationMethodHTTPBasic, NSURLAuthenticationMethodHTTPDigest,
        ]
        guard passwords.contains(challenge.protectionSpace.authenticationMethod) else {
            return completionHandler(.performDefaultHandling, nil)
        }
        let head = (challenge.failureResponse as? HTTPURLResponse).map { HTTPHead($0) }
        end(task.taskIdentifier, .reply(head ?? HTTPHead(status: 401, headers: []), body: Data()))
        // FoundationNetworking waits forever once this is answered without a password; the task is cancelled.
        #if !canImport(FoundationNetworking)
            completionHandler(.cancelAuthenticationChallenge, nil)
        #endif
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        end(task.taskIdentifier) { exchange in
            if let error { return Self.outcome(of: error) }
            guard let response = task.response as? HTTPURLResponse else { return .failure("gave no HTTP reply") }
            return .reply(HTTPHead(response), body: exchange.body)
        }
    }

    /// In words of our own: those of an error may quote the request.
    private static func outcome(of error: any Error) -> HTTPOutcome {
        guard let error = error as? URLError else { return .failure("failed") }
        switch error.code {
        case .timedOut: return .timeout
        case .cannotFindHost, .dnsLookupFailed: return .failure("failed: there is no such host")
        case .cannotConnectToHost: return .failure("was refused")
        case .networkConnectionLost: return .failure("broke before the reply was complete")
        case .notConnectedToInternet: return .failure("failed: there is no network")
        case .secureConnectionFailed, .serverCertificateUntrusted, .serverCertificateHasBadDate,
            .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid:
            return .failure("failed: its certificate is not to be trusted")
        // FoundationNetworking has no other word for certificates that it does not trust.
        case .unknown: return .failure("failed, perhaps for a certificate that is not to be trusted")
        default: return .failure("failed (URL error \(error.code.rawValue))")
        }
    }
}

extension HTTPHead {
    init(_ response: HTTPURLResponse) {
        let headers = response.allHeaderFields.compactMap { name, value in
            (name as? String).map { (name: $0.lowercased(), value: "\(value)") }
        }
        self.init(status: response.statusCode, headers: headers)
    }
}

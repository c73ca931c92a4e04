import Foundation
import Synchronization

/// Sends requests by http and https with libcurl, a thread to a request. Each ends when patience has run out, whatever the
/// server does, and at once when its task is cancelled.
///
/// Proxies are those of curl's environment variables (`https_proxy`, `no_proxy`), for https only, and not for this machine:
/// http addresses are those of servers on it or beside it.
package final class HTTPTransport: Sendable {
    private let underWay = Mutex(0)
    /// Their connections may still be open.
    private let idle = Mutex<[CurlHandle]>([])
    private let certificates: String?

    private static let mostIdle = 4

    /// - Parameter certificates: a file of certificates (PEM) to trust in place of the system's.
    package init(certificates: String? = HTTPTransport.certificates(ProcessInfo.processInfo.environment)) {
        self.certificates = certificates
    }

    /// Closing a connection may break a pipe.
    deinit {
        let handles = idle.withLock { handles in
            defer { handles = [] }
            return handles
        }
        guard !handles.isEmpty else { return }
        Thread {
            ignoreBrokenPipes()
            withExtendedLifetime(handles) {}
        }.start()
    }

    /// Where curl's own program looks.
    package static func certificates(_ environment: [String: String]) -> String? {
        ["CURL_CA_BUNDLE", "SSL_CERT_FILE"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }

    /// Requests under way.
    package var count: Int { underWay.withLock { $0 } }

    package func send(_ request: HTTPRequest, limit: Int, within time: Duration) async -> HTTPOutcome {
        await send(request, limit: limit, patience: .whole(time), receiver: nil)
    }

    /// - Parameters:
    ///   - limit: the most bytes of a body that goes into the outcome.
    ///   - receiver: takes the body of a reply, if it wants it.
    package func send(
        _ request: HTTPRequest, limit: Int, patience: HTTPPatience, receiver: (any HTTPReceiver)?
    ) async -> HTTPOutcome {
        if Task.isCancelled { return .cancelled }
        underWay.withLock { $0 += 1 }
        defer { underWay.withLock { $0 -= 1 } }
        let exchange = HTTPExchange(request, limit: limit, receiver)
        // A thread that looks up a name cannot be stopped; whoever comes first answers, and the thread sees that later.
        let timer = Task.detached {
            do { try await patience.runOut { exchange.received } } catch { return }
            exchange.end(.timeout)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                exchange.begin(continuation)
                if Task.isCancelled { exchange.end(.cancelled) }
                Thread { [self] in
                    ignoreBrokenPipes()
                    guard let handle = idle.withLock({ $0.popLast() }) ?? CurlHandle() else {
                        return exchange.end(.failure("failed: libcurl cannot be used"))
                    }
                    // One that was given up has lost its connection.
                    guard let outcome = exchange.run(handle, certificates: certificates) else { return }
                    idle.withLock { if $0.count < Self.mostIdle { $0.append(handle) } }
                    exchange.end(outcome)
                }.start()
            }
        } onCancel: {
            exchange.end(.cancelled)
        }
    }
}

/// In this thread, which ends with its request: libcurl leaves them to programs whose threads it is not to disturb.
private func ignoreBrokenPipes() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
}

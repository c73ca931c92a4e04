import Foundation
import Synchronization

/// HTTP/1.1 over sockets, a connection and a thread to a request: for http addresses, which are those of servers on
/// this machine or beside it. Proxies are not asked.
package final class SocketTransport: HTTPTransport {
    private let underWay = Mutex<Int>(0)

    package init() {}

    package var count: Int { underWay.withLock { $0 } }

    package func send(
        _ request: HTTPRequest, limit: Int, patience: HTTPPatience, receiver: (any HTTPReceiver)?
    ) async -> HTTPOutcome {
        if Task.isCancelled { return .cancelled }
        underWay.withLock { $0 += 1 }
        defer { underWay.withLock { $0 -= 1 } }
        let exchange = SocketExchange(request, limit: limit, receiver)
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
                Thread { exchange.end(exchange.run()) }.start()
            }
        } onCancel: {
            exchange.end(.cancelled)
        }
    }
}

private final class SocketExchange: Sendable {
    private enum State {
        case new
        case waiting(CheckedContinuation<HTTPOutcome, Never>)
        case ended(HTTPOutcome)
    }

    private let request: HTTPRequest
    private let limit: Int
    private let receiver: (any HTTPReceiver)?
    private let state = Mutex(State.new)
    private let bytes = Mutex(0)

    init(_ request: HTTPRequest, limit: Int, _ receiver: (any HTTPReceiver)?) {
        self.request = request
        self.limit = limit
        self.receiver = receiver
    }

    var received: Int { bytes.withLock { $0 } }

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
        continuation?.resume(returning: outcome)
    }

    private var isOver: Bool {
        state.withLock { if case .waiting = $0 { false } else { true } }
    }

    func run() -> HTTPOutcome {
        let parts = URLComponents(url: request.address, resolvingAgainstBaseURL: false)
        let host = (parts?.host ?? "").trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        let port = parts?.port ?? 80
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = Int32(SOCK_STREAM)
        #endif
        var addresses: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &addresses) == 0 else {
            return .failure("failed: there is no such host")
        }
        defer { freeaddrinfo(addresses) }
        var next = addresses
        while let address = next?.pointee, !isOver {
            if let descriptor = connection(to: address) {
                defer { close(descriptor) }
                return converse(descriptor, head(host: host, port: port, parts: parts))
            }
            next = address.ai_next
        }
        return .failure("was refused")
    }

    private func head(host: String, port: Int, parts: URLComponents?) -> String {
        let name = host.contains(":") ? "[\(host)]" : host
        let query = parts?.percentEncodedQuery.map { "?\($0)" } ?? ""
        let path = parts?.percentEncodedPath ?? ""
        var fields = [("Host", "\(name):\(port)"), ("Connection", "close")]
        if request.method == .post { fields.append(("Content-Length", "\(request.body.count)")) }
        fields += request.headers
        let lines =
            ["\(request.method.rawValue) \(path.isEmpty ? "/" : path)\(query) HTTP/1.1"]
            + fields.map { "\($0.0): \($0.1)" }
        return lines.joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// - Returns: a connected socket that does not block.
    private func connection(to address: addrinfo) -> Int32? {
        let descriptor = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        #if canImport(Darwin)
            var on: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
        #endif
        var status = connect(descriptor, address.ai_addr, address.ai_addrlen)
        if status != 0, errno == EINPROGRESS, wait(for: POLLOUT, descriptor) {
            var length = socklen_t(MemoryLayout<Int32>.size)
            if getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &status, &length) != 0 { status = -1 }
        }
        if status == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    private func converse(_ descriptor: Int32, _ head: String) -> HTTPOutcome {
        // A server may answer before it has read everything, and then close: its answer counts.
        transmit(Data(head.utf8) + request.body, descriptor)
        let receiver = receiver
        var parser = HTTPReplyParser(limit: limit, expectsBody: request.method != .head) { receiver?.begin($0) }
        var buffer = Array(repeating: UInt8(0), count: 1 << 16)
        do throws(HTTPReplyParser.Failure) {
            while !parser.isComplete {
                guard wait(for: POLLIN, descriptor) else { break }
                let count = recv(descriptor, &buffer, buffer.count, 0)
                if count < 0, [EINTR, EAGAIN, EWOULDBLOCK].contains(errno) { continue }
                if count > 0 {
                    bytes.withLock { $0 += count }
                    try parser.consume(buffer[..<count])
                    if let receiver, parser.isStreaming, !receiver.take(parser.takeBody()) { return .declined }
                }
                guard count > 0 else {
                    if count == 0, parser.close() { break }
                    return .failure("broke before the reply was complete")
                }
            }
        } catch .tooLarge {
            return .tooLarge
        } catch {
            return .failure("gave something that is not HTTP")
        }
        guard parser.isComplete else { return .cancelled }  // It has ended already, for another reason.
        if (300..<400).contains(parser.status), let location = parser.header("location") {
            return .redirect(parser.head, to: URL(string: location, relativeTo: request.address)?.absoluteURL)
        }
        return .reply(parser.head, body: parser.body)
    }

    private func transmit(_ data: Data, _ descriptor: Int32) {
        #if canImport(Darwin)
            let flags: Int32 = 0
        #else
            let flags = Int32(MSG_NOSIGNAL)
        #endif
        data.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty, wait(for: POLLOUT, descriptor) {
                let part = UnsafeRawBufferPointer(rebasing: rest)
                let count = send(descriptor, part.baseAddress, part.count, flags)
                if count < 0, ![EINTR, EAGAIN, EWOULDBLOCK].contains(errno) { return }
                rest = rest.dropFirst(max(0, count))
            }
        }
    }

    /// Waits until the socket is ready.
    /// - Returns: `false` when the exchange is over before that, which is looked at every tenth of a second.
    private func wait(for event: some BinaryInteger, _ descriptor: Int32) -> Bool {
        while !isOver {
            var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            let count = poll(&entry, 1, 100)
            if count > 0 { return !isOver }
            if count < 0, errno != EINTR { return false }
        }
        return false
    }
}

import Foundation
import Synchronization

/// An HTTP/1.1 server on loopback that behaves as badly as a test says. One request to a connection; every request has
/// a thread of its own, so that a hanging one holds up no other.
package final class HostileServer: Sendable {
    package enum Step: Sendable {
        case send(String)
        case sendBytes(Data)
        /// The same text again and again.
        case flood(String, times: Int)
        /// One byte at a time.
        case drip(String, pause: Duration)
        case pause(Duration)
        /// Says nothing until the client goes away.
        case hang
        /// Ends the sending half of the connection and waits for the client to go away.
        case halfClose
        /// Breaks the connection off with a reset.
        case reset
    }

    package struct Request: Sendable {
        /// From 0, in the order of arrival.
        package var number: Int
        package var head: String
        package var body: String
    }

    private struct Observations {
        var requests: [Request] = []
        var bytesSent = 0
        var open: Set<Int32> = []
        var clientsGone = 0
        var most = 0
        var isStopped = false
    }

    package let port: UInt16
    private let listener: Int32
    private let seen = Mutex(Observations())
    private let proxy: TLSProxy?

    package var url: String { proxy.map { "https://localhost:\($0.port)" } ?? "http://127.0.0.1:\(port)" }
    package var requests: [Request] { seen.withLock { $0.requests } }
    package var bytesSent: Int { seen.withLock { $0.bytesSent } }
    /// Connections that the client closed while the server was in the middle of something.
    package var clientsGone: Int { seen.withLock { $0.clientsGone } }
    /// The most requests that were open at once.
    package var mostAtOnce: Int { seen.withLock { $0.most } }

    /// - Parameter isEncrypted: speaks TLS, with the certificate of `TLSProxy`.
    package init(isEncrypted: Bool = false, _ react: @escaping @Sendable (Request) -> [Step]) throws {
        (listener, port) = try Self.listenOnLoopback()
        proxy = isEncrypted ? try TLSProxy(port) : nil
        Thread { [self] in acceptAll(react) }.start()
    }

    /// A port of loopback that nobody listens on.
    package static func unusedPort() throws -> UInt16 {
        let (listener, port) = try listenOnLoopback()
        close(listener)
        return port
    }

    /// Every descriptor is closed by the thread that uses it: the number of one that is closed may be another test's a
    /// moment later.
    package func stop() {
        seen.withLock { seen in
            seen.isStopped = true
            for connection in seen.open { shutdown(connection, both) }
        }
        // Wakes the thread that accepts.
        let descriptor = socket(AF_INET, stream, 0)
        var address = Self.loopback
        address.sin_port = port.bigEndian
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        close(descriptor)
    }

    private static var loopback: sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    private static func listenOnLoopback() throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, stream, 0)
        var address = loopback
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 128) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard descriptor >= 0, isListening else { throw POSIXError(.EADDRNOTAVAIL) }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    private func acceptAll(_ react: @escaping @Sendable (Request) -> [Step]) {
        while true {
            let connection = accept(listener, nil, nil)
            if connection < 0, errno == EINTR || errno == ECONNABORTED { continue }
            let isStopped = seen.withLock { seen in
                if seen.isStopped || connection < 0 { return true }
                seen.open.insert(connection)
                seen.most = max(seen.most, seen.open.count)
                return false
            }
            if isStopped {
                if connection >= 0 { close(connection) }
                close(listener)
                return
            }
            #if canImport(Darwin)
                var on: Int32 = 1
                setsockopt(connection, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
            #endif
            Thread { [self] in
                serve(connection, react)
                seen.withLock { _ = $0.open.remove(connection) }
                close(connection)
            }.start()
        }
    }

    private func serve(_ connection: Int32, _ react: (Request) -> [Step]) {
        guard let (head, body) = receive(connection) else { return }
        let request = seen.withLock { seen in
            let request = Request(number: seen.requests.count, head: head, body: body)
            seen.requests.append(request)
            return request
        }
        for step in react(request) {
            guard perform(step, on: connection) else {
                seen.withLock { $0.clientsGone += 1 }
                return
            }
        }
    }

    /// - Returns: whether the client is still there.
    private func perform(_ step: Step, on connection: Int32) -> Bool {
        switch step {
        case .send(let text): return deliver(Array(text.utf8), on: connection)
        case .sendBytes(let bytes): return deliver([UInt8](bytes), on: connection)
        case .flood(let text, let times):
            let bytes = Array(text.utf8)
            return (0..<times).allSatisfy { _ in deliver(bytes, on: connection) }
        case .drip(let text, let pause):
            return text.utf8.allSatisfy { byte in
                usleep(UInt32(pause / .microseconds(1)))
                return deliver([byte], on: connection)
            }
        case .pause(let pause):
            usleep(UInt32(pause / .microseconds(1)))
            return true
        case .hang:
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) > 0 {}
            return false
        case .halfClose:
            shutdown(connection, sendingHalf)
            return perform(.hang, on: connection)
        case .reset:
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(connection, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            return true
        }
    }

    private func deliver(_ bytes: [UInt8], on connection: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, noSignal) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            seen.withLock { $0.bytesSent += count }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// A request with a Content-Length; `nil` when the client goes away before it is complete.
    private func receive(_ connection: Int32) -> (head: String, body: String)? {
        var received: [UInt8] = []
        var buffer = Array(repeating: UInt8(0), count: 1 << 16)
        while true {
            let text = String(decoding: received, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let head = String(text[..<end.lowerBound])
                let length = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                    .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
                let body = String(text[end.upperBound...])
                if body.utf8.count >= length ?? 0 { return (head, body) }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            received += buffer[..<count]
        }
    }
}

#if canImport(Glibc)
    private let stream = Int32(SOCK_STREAM.rawValue)
    private let noSignal = Int32(MSG_NOSIGNAL)
#elseif canImport(Musl)
    private let stream = Int32(SOCK_STREAM)
    private let noSignal = Int32(MSG_NOSIGNAL)
#else
    private let stream = SOCK_STREAM
    private let noSignal: Int32 = 0
#endif
private let sendingHalf = Int32(SHUT_WR)
private let both = Int32(SHUT_RDWR)

extension HostileServer {
    /// A whole reply of a well-behaved server.
    package static func reply(
        _ status: Int, _ body: String, type: String = "application/json", headers: [String] = []
    ) -> [Step] {
        let extra = headers.map { "\($0)\r\n" }.joined()
        return [
            .send(
                "HTTP/1.1 \(status) Whatever\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n"
                    + "Connection: close\r\n\(extra)\r\n\(body)")
        ]
    }
}

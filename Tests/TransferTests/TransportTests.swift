import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Transfer

struct TransportTests {
    /// What becomes of a request to a server that answers so.
    private func outcome(
        _ steps: [HostileServer.Step], _ method: HTTPRequest.Method = .get, limit: Int = 100,
        receiver: (any HTTPReceiver)? = nil, isEncrypted: Bool = false
    ) async throws -> HTTPOutcome {
        let server = try HostileServer(isEncrypted: isEncrypted) { _ in steps }
        defer { server.stop() }
        let transport = HTTPTransport(certificates: TLSProxy.certificates)
        defer { #expect(transport.count == 0) }
        return await transport.send(
            HTTPRequest(method, address: try #require(URL(string: server.url)), headers: []), limit: limit,
            patience: .whole(.seconds(60)), receiver: receiver)
    }

    /// A reply, and what its parts must be read as.
    static let replies: [(String, Int, String)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello", 200, "hello"),
        ("HTTP/1.0 404\nContent-Length:0\n\n", 404, ""),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\ncontent-LENGTH:  2 \r\n\r\nok", 201, "ok"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: 1\r\n\r\n",
            200, "abc0123456789"
        ),
        ("HTTP/1.1 204 None\r\n\r\n", 204, ""), ("HTTP/1.1 200 OK\r\n\r\nto the end", 200, "to the end"),
    ]

    @Test(arguments: replies, [false, true])
    func `a reply, whole and byte by byte`(reply: (text: String, status: Int, body: String), isEncrypted: Bool)
        async throws
    {
        for steps in [[.send(reply.text)], [.drip(reply.text, pause: .microseconds(100))]] as [[HostileServer.Step]] {
            guard case .reply(let head, let body) = try await outcome(steps, isEncrypted: isEncrypted) else {
                Issue.record("no reply")
                continue
            }
            #expect(head.status == reply.status && body == Data(reply.body.utf8))
        }
    }

    /// Cut off before the end of its body, it is no reply.
    @Test func `a part of a reply`() async throws {
        for (text, _, whole) in Self.replies.prefix(4) {
            let bytes = Data(text.utf8)
            for end in stride(from: 0, to: bytes.count, by: 3) {
                switch try await outcome([.sendBytes(bytes.prefix(end))]) {
                case .failure(let words):
                    #expect(
                        words == "broke before the reply was complete" || words == "gave something that is not HTTP")
                case .reply(_, let body):
                    // A part of what comes behind the last chunk.
                    #expect(body == Data(whole.utf8) && text.contains("Chunked"))
                default: Issue.record("\(end) bytes of \(text)")
                }
            }
        }
    }

    @Test(arguments: [
        "SSH-2.0-x\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "\r\n\r\n\r\n\r\n", "This is not HTTP\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 20_000),
        String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 5000),
    ])
    func `not HTTP`(text: String) async throws {
        guard case .failure(let words) = try await outcome([.send(text)]) else {
            Issue.record("no failure")
            return
        }
        let isKnown = words == "gave something that is not HTTP" || words == "broke before the reply was complete"
        #expect(isKnown || words.hasPrefix("failed ("), "\(words)")
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 101),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n"
            + String(repeating: "x", count: 101),
    ])
    func `too large`(text: String) async throws {
        guard case .tooLarge = try await outcome([.send(text), .hang]) else {
            Issue.record("not too large")
            return
        }
    }

    @Test func `damaged replies end`() async throws {
        var state: UInt64 = 1
        let random = { (bound: Int) -> Int in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for round in 0..<300 {
            var bytes = Array(Self.replies[round % Self.replies.count].0.utf8)
            for _ in 0...random(4) { bytes[random(bytes.count)] = UInt8(random(256)) }
            if case .reply(_, let body) = try await outcome([.sendBytes(Data(bytes))], limit: 20) {
                #expect(body.count <= 20)
            }
        }
    }

    @Test(arguments: [false, true])
    func `a body that is taken as it comes`(isEncrypted: Bool) async throws {
        let content = Data((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let steps: [HostileServer.Step] = [
            .send("HTTP/1.1 200 OK\r\nContent-Length: \(content.count)\r\nX: y\r\n\r\n"), .sendBytes(content),
        ]
        // The limit is of bodies that are kept.
        let taker = Taker(most: content.count)
        guard case .reply(let head, let body) = try await outcome(steps, receiver: taker, isEncrypted: isEncrypted)
        else {
            Issue.record("no reply")
            return
        }
        #expect(head["x"] == "y" && body.isEmpty && taker.bytes == content)
        guard case .tooLarge = try await outcome(steps, receiver: Taker(most: content.count - 1)) else {
            Issue.record("not too large")
            return
        }
        guard case .declined = try await outcome(steps, receiver: Taker(most: content.count, enough: 1000)) else {
            Issue.record("not declined")
            return
        }
    }

    @Test func `the reply to a HEAD request has no body`() async throws {
        let steps: [HostileServer.Step] = [.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"), .hang]
        guard case .reply(let head, let body) = try await outcome(steps, .head, limit: 0) else {
            Issue.record("no reply")
            return
        }
        #expect(head["content-length"] == "5000" && body.isEmpty)
    }

    @Test(arguments: [HTTPRequest.Method.get, .head, .post])
    func `a redirect is not followed`(method: HTTPRequest.Method) async throws {
        for (location, target) in [("/there?a=b", "/there?a=b"), ("https://example.com/x", "example.com/x")] {
            let steps: [HostileServer.Step] = [
                .send("HTTP/1.1 302 Found\r\nLocation: \(location)\r\nContent-Length: 3\r\n\r\nbye")
            ]
            guard case .redirect(let head, let address) = try await outcome(steps, method) else {
                Issue.record("no redirect")
                continue
            }
            #expect(head.status == 302 && address?.absoluteString.hasSuffix(target) == true)
        }
    }

    @Test(arguments: [
        ("http://user:secret@127.0.0.1:9/", "failed ("),
        ("http://no-such-host.invalid/", "failed: there is no such host"),
    ])
    func `addresses that lead nowhere`(address: String, words: String) async throws {
        let outcome = await HTTPTransport().send(
            HTTPRequest(.get, address: try #require(URL(string: address)), headers: []), limit: 100,
            within: .seconds(60))
        guard case .failure(let text) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(text.hasPrefix(words) && !text.contains("secret"), "\(text)")
    }

    @Test(arguments: [
        (nil, "failed: its certificate is not to be trusted"),
        ("/no/such/file", "failed: the file of certificates to trust cannot be read"),
    ])
    func `a certificate that is not trusted`(certificates: String?, words: String) async throws {
        let server = try HostileServer(isEncrypted: true) { _ in HostileServer.reply(200, "secret") }
        defer { server.stop() }
        let outcome = await HTTPTransport(certificates: certificates).send(
            HTTPRequest(.get, address: try #require(URL(string: server.url)), headers: [("X", "secret")]), limit: 100,
            within: .seconds(60))
        guard case .failure(words) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(server.requests.isEmpty)
    }

    @Test func `which certificates are trusted`() {
        #expect(HTTPTransport.certificates([:]) == nil && HTTPTransport.certificates(["SSL_CERT_FILE": ""]) == nil)
        #expect(HTTPTransport.certificates(["SSL_CERT_FILE": "a"]) == "a")
        #expect(HTTPTransport.certificates(["SSL_CERT_FILE": "a", "CURL_CA_BUNDLE": "b"]) == "b")
    }

    /// What was given up leaves nothing to wait on, and nothing is sent of what was given up before.
    @Test(arguments: [false, true])
    func `another request behind one that was given up`(isEncrypted: Bool) async throws {
        let server = try HostileServer(isEncrypted: isEncrypted) {
            $0.number == 0 ? [.hang] : HostileServer.reply(200, "ok")
        }
        defer { server.stop() }
        let transport = HTTPTransport(certificates: TLSProxy.certificates)
        let request = HTTPRequest(.get, address: try #require(URL(string: server.url)), headers: [])
        guard case .timeout = await transport.send(request, limit: 100, within: .seconds(2)),
            case .reply = await transport.send(request, limit: 100, within: .seconds(60)),
            case .cancelled = await Task(operation: {
                withUnsafeCurrentTask { $0?.cancel() }
                return await transport.send(request, limit: 100, within: .seconds(60))
            }).value
        else {
            Issue.record("another outcome")
            return
        }
        #expect(server.requests.count == 2)
    }

    @Test func `a transport that is let go closes its connections`() async throws {
        let server = try HostileServer { _ in HostileServer.reply(200, "ok") }
        defer { server.stop() }
        weak var left: HTTPTransport?
        do {
            let transport = HTTPTransport()
            left = transport
            _ = await transport.send(
                HTTPRequest(.get, address: try #require(URL(string: server.url)), headers: []), limit: 100,
                within: .seconds(60))
        }
        for _ in 0..<1000 where left != nil { try await Task.sleep(for: .milliseconds(10)) }
        #expect(left == nil)
    }
}

/// Takes a body of so many bytes.
private final class Taker: HTTPReceiver {
    private let most: Int
    private let enough: Int
    private let taken = Mutex(Data())

    /// - Parameter enough: wants no more after so many bytes.
    init(most: Int, enough: Int = .max) { (self.most, self.enough) = (most, enough) }

    var bytes: Data { taken.withLock { $0 } }

    func begin(_ head: HTTPHead) -> Int? { most }

    func take(_ bytes: Data) -> Bool {
        taken.withLock { taken in
            taken.append(bytes)
            return taken.count < enough
        }
    }
}

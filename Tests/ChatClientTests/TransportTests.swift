import Foundation
import TestSupport
import Testing

@testable import ChatClient

struct ParserTests {
    /// A reply, and what its parts must be read as.
    static let replies: [(String, Int, String)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello", 200, "hello"),
        ("HTTP/1.0 404\nContent-Length:0\n\n", 404, ""),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\ncontent-LENGTH:  2 \r\n\r\nok", 201, "ok"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: 1\r\n\r\n",
            200, "abc0123456789"
        ),
        ("HTTP/1.1 204 None\r\n\r\n", 204, ""),
    ]

    @Test(arguments: replies)
    func `a reply in pieces of any size`(text: String, status: Int, body: String) throws {
        let bytes = Array(text.utf8)
        for size in 1...bytes.count {
            var parser = HTTPReplyParser(limit: 100)
            for start in stride(from: 0, to: bytes.count, by: size) {
                #expect(!parser.isComplete)
                try parser.consume(bytes[start..<min(start + size, bytes.count)])
            }
            #expect(parser.isComplete)
            #expect(parser.status == status && parser.body == Data(body.utf8))
        }
        // Cut off anywhere, it is not complete.
        for end in 0..<bytes.count {
            var parser = HTTPReplyParser(limit: 100)
            try parser.consume(bytes[..<end])
            let isWhole = parser.close()
            #expect(!isWhole)
        }
    }

    @Test func `a body up to the end of the connection`() throws {
        var parser = HTTPReplyParser(limit: 100)
        try parser.consume(Array("HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\n\r\nto the end".utf8))
        #expect(!parser.isComplete)
        let isWhole = parser.close()
        #expect(isWhole)
        #expect(parser.body == Data("to the end".utf8) && parser.header("a") == "1")
    }

    @Test(arguments: [
        "HTTP/2 200 OK\r\n\r\n", "SSH-2.0-x\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 +20 OK\r\n\r\n", "\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        String(repeating: "x", count: 70_000), "HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 20_000),
    ])
    func `not HTTP`(text: String) {
        #expect(throws: HTTPReplyParser.Failure.notHTTP) {
            var parser = HTTPReplyParser(limit: 100)
            try parser.consume(Array(text.utf8))
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 101),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n"
            + String(repeating: "x", count: 101),
    ])
    func `too large`(text: String) {
        #expect(throws: HTTPReplyParser.Failure.tooLarge) {
            var parser = HTTPReplyParser(limit: 100)
            try parser.consume(Array(text.utf8))
        }
    }

    @Test func `damaged replies never trap`() {
        var state: UInt64 = 1
        let random = { (bound: Int) -> Int in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for round in 0..<5000 {
            var bytes = Array(Self.replies[round % Self.replies.count].0.utf8)
            for _ in 0...random(4) { bytes[random(bytes.count)] = UInt8(random(256)) }
            var parser = HTTPReplyParser(limit: 20)
            for byte in bytes where (try? parser.consume([byte])) == nil { break }
            _ = parser.close()
            #expect(parser.body.count <= 20)
        }
    }
}

struct SessionTransportTests {
    @Test func `a storm that passes`() async throws {
        let server = try HostileServer {
            $0.number < 2 ? http(500, "", headers: "Retry-After: 0") : http(200, completion("Done"))
        }
        defer { server.stop() }
        let chat = try client(server.url, key: ChatKey("sk-0123456789"), session: true)
        #expect(try await chat.complete(question).attempts == 3)
        #expect(server.requests.allSatisfy { $0.head.contains("Authorization: Bearer sk-0123456789") })
    }

    /// Not those that end FoundationNetworking: it needs a whole head.
    @Test(
        arguments: [
            [], [.halfClose], [.reset], [.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\":")],
        ] as [[HostileServer.Step]])
    func `broken connections are tried again`(steps: [HostileServer.Step]) async throws {
        let server = try HostileServer { $0.number < 2 ? steps : http(200, completion("Whole")) }
        defer { server.stop() }
        let chat = try client(server.url, timeout: .seconds(2), session: true)
        #expect(try await chat.complete(question).attempts == 3)
    }

    @Test func `an endpoint that is let go closes its session`() async throws {
        let server = try HostileServer { _ in http(200, completion("ok")) }
        defer { server.stop() }
        weak var transport: (any HTTPTransport)?
        do {
            let chat = try client(server.url, session: true)
            transport = chat.transport
            _ = try await chat.complete(question)
        }
        try await expectSoon { transport == nil }
    }

    @Test func `https goes through a session, http through sockets`() throws {
        #expect(try client("https://localhost").transport is SessionTransport)
        #expect(try client("http://localhost").transport is SocketTransport)
    }
}

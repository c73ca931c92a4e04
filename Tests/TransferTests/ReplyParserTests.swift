import Foundation
import Testing

@testable import Transfer

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

    @Test func `a body that is taken out as it comes`() throws {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX: y\r\n\r\nhello world"
        for size in 1...text.utf8.count {
            // The limit is of bodies that are kept.
            var parser = HTTPReplyParser(limit: 3) { $0["x"] == "y" ? 11 : nil }
            var body = Data()
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                try parser.consume(bytes[start..<min(start + size, bytes.count)])
                if parser.isStreaming { body += parser.takeBody() }
            }
            #expect(parser.isComplete && body == Data("hello world".utf8))
        }
        #expect(throws: HTTPReplyParser.Failure.tooLarge) {
            var parser = HTTPReplyParser(limit: 100) { _ in 10 }
            try parser.consume(Array(text.utf8))
        }
    }

    @Test func `the reply to a HEAD request has no body`() throws {
        var parser = HTTPReplyParser(limit: 0, expectsBody: false)
        try parser.consume(Array("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n".utf8))
        #expect(parser.isComplete && parser.header("content-length") == "5000")
    }
}

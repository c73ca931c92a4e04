import TestSupport
import Testing
import Transfer

@testable import ChatClient

struct KeyTests {
    static let secret = "sk-abcdef0123456789"

    @Test func `a key does not print`() throws {
        let key = try #require(AccessKey("  \(Self.secret)\n"))
        var dumped = ""
        dump(key, to: &dumped)
        let texts = [
            "\(key)", String(describing: key), String(reflecting: key), dumped, "\([key])",
            String(describing: Optional(key)),
        ]
        for text in texts { #expect(!text.contains("abcdef")) }
        #expect(key.authorization == "Bearer \(Self.secret)")
    }

    @Test(arguments: ["", " ", "\n", "a b", "a\r\nX-Injected: 1", "schlüssel", "\u{0}"])
    func `no key`(text: String) { #expect(AccessKey(text) == nil) }

    @Test func `a key that the server sends back is nowhere`() async throws {
        let key = try #require(AccessKey(Self.secret))
        let echo = "You sent \(Self.secret)"
        let server = try HostileServer {
            switch $0.number {
            case 0: http(200, completion(echo))
            case 1: http(401, #"{"error":{"message":"\#(echo)"}}"#)
            case 2: http(200, echo, type: Self.secret)
            default: http(307, "", headers: "Location: http://\(Self.secret)/")
            }
        }
        defer { server.stop() }
        try await withTemporaryFile { path in
            let chat = ResumingChat(try client(server.url, key: key), record: try ChatRecord(path: path))
            #expect(try await chat.complete(question).content == "You sent •••")
            for _ in 0..<3 {
                let error = try await failure(of: chat)
                #expect(!"\(error)".contains(Self.secret))
            }
            #expect(server.requests.allSatisfy { $0.head.contains("Authorization: Bearer \(Self.secret)") })
            let record = try contents(of: path)
            #expect(record.split(separator: "\n").count == 4)
            #expect(!record.contains(Self.secret) && !record.contains("Bearer"))
        }
    }

    /// Sentences and types are shortened, which must not leave the half of a key that the whole one is not found in.
    @Test func `a key at the end of what is quoted is nowhere`() async throws {
        let key = try #require(AccessKey(Self.secret))
        let half = String(Self.secret.prefix(Self.secret.count / 2))
        let words = String(repeating: "x", count: 200 - half.count) + Self.secret
        let type = String(repeating: "y", count: 60 - half.count) + Self.secret
        let server = try HostileServer {
            $0.number == 0 ? http(401, #"{"error":{"message":"\#(words)"}}"#) : http(200, "no JSON", type: type)
        }
        defer { server.stop() }
        let chat = try client(server.url, key: key)
        for _ in 0..<2 {
            let error = try await failure(of: chat)
            #expect(!"\(error)".contains(half) && "\(error)".contains("•"))
        }
    }

    @Test func `placeholders are left in texts`() {
        #expect(AccessKey("none")?.removed(from: "none of them") == "none of them")
    }
}

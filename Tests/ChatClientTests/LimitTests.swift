import Foundation
import TestSupport
import Testing

@testable import ChatClient

/// Time, size and concurrency.
struct LimitTests {
    @Test(
        arguments: [
            [.hang], [.send("HTTP/1.1 200 OK\r\n"), .hang],
            [.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"), .hang],
            [.drip("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + completion("slow"), pause: .milliseconds(20))],
        ] as [[HostileServer.Step]])
    func `hangs and slow drips time out`(steps: [HostileServer.Step]) async throws {
        let server = try HostileServer { _ in steps }
        defer { server.stop() }
        let chat = try client(server.url, timeout: .milliseconds(200)) {
            $0.maximumAttempts = 2
        }
        let start = ContinuousClock.now
        let error = try await failure(of: chat)
        let time = ContinuousClock.now - start
        #expect(error.code == .timeout && error.attempts == 2)
        #expect(time >= .milliseconds(400) && time < .seconds(5))
        #expect(chat.transport.count == 0)
        // Nothing is left hanging: the server sees both connections closed.
        try await expectSoon { server.clientsGone == 2 }
    }

    @Test func `the deadline ends all attempts`() async throws {
        let server = try HostileServer { _ in [.hang] }
        defer { server.stop() }
        let chat = try client(server.url, timeout: .milliseconds(200)) {
            $0.maximumAttempts = 1000
            $0.deadline = .milliseconds(600)
        }
        let start = ContinuousClock.now
        #expect(try await failure(of: chat).code == .timeout)
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect((1...4).contains(server.requests.count))
    }

    @Test func `a cancelled task ends at once`() async throws {
        let server = try HostileServer { _ in [.hang] }
        defer { server.stop() }
        let chat = try client(server.url, timeout: .seconds(60)) { $0.concurrency = 1 }
        let tasks = (0..<3).map { _ in Task { try await failure(of: chat) } }
        try await expectSoon { server.requests.count == 1 }
        for task in tasks { task.cancel() }
        let start = ContinuousClock.now
        for task in tasks { #expect(try await task.value.code == .cancelled) }
        #expect(ContinuousClock.now - start < .seconds(5))
        try await expectSoon { server.clientsGone == 1 }
        #expect(chat.transport.count == 0)
        #expect(server.requests.count == 1)
    }

    @Test func `cancelling at any moment leaves nothing behind`() async throws {
        let server = try HostileServer { _ in [.pause(.milliseconds(2))] + http(200, completion("Fine")) }
        defer { server.stop() }
        let chat = try client(server.url)
        for delay in 0..<40 {
            let task = Task { try? await chat.complete(question).content }
            try await Task.sleep(for: .microseconds(150 * delay))
            task.cancel()
            let content = await task.value
            #expect(content == nil || content == "Fine")
        }
        #expect(chat.transport.count == 0)
        #expect(try await chat.complete(question).content == "Fine")
    }

    /// 100 MB in chunks, of no length that the client could know.
    @Test func `a reply without end is cut off`() async throws {
        let text = String(repeating: "x", count: 0x8000)
        let server = try HostileServer { _ in
            [
                .send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"),
                .flood("8000\r\n\(text)\r\n", times: 3200),
            ]
        }
        defer { server.stop() }
        let chat = try client(server.url)
        let before = peakMemory()
        let error = try await failure(of: chat)
        #expect(error.code == .tooLarge && error.attempts == 1)
        #expect(error.message.hasSuffix("of more than 1048576 bytes"))
        try await expectSoon { server.clientsGone == 1 }
        #expect(server.bytesSent < 20_000_000)
        #expect(peakMemory() - before < 128 << 20)  // Other tests run beside this one.
    }

    @Test func `a reply that says it is too large is not read`() async throws {
        let server = try HostileServer { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n{"), .hang]
        }
        defer { server.stop() }
        #expect(try await failure(of: client(server.url)).code == .tooLarge)
        try await expectSoon { server.clientsGone == 1 }
    }

    @Test func `the limit is exact`() async throws {
        let body = completion("twelve bytes")
        let server = try HostileServer { _ in http(200, body) }
        defer { server.stop() }
        let fits = try client(server.url) { $0.maximumReplyBytes = body.utf8.count }
        #expect(try await fits.complete(question).content == "twelve bytes")
        let tooSmall = try client(server.url) { $0.maximumReplyBytes = body.utf8.count - 1 }
        #expect(try await failure(of: tooSmall).code == .tooLarge)
    }

    @Test func `no more at once than allowed`() async throws {
        let server = try HostileServer { _ in [.pause(.milliseconds(30))] + http(200, completion("ok")) }
        defer { server.stop() }
        let chat = try client(server.url) { $0.concurrency = 3 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<12 { group.addTask { _ = try await chat.complete(question) } }
            try await group.waitForAll()
        }
        #expect(server.requests.count == 12)
        // A closed connection may be seen by the server after the next one.
        #expect((2...4).contains(server.mostAtOnce))
        #expect(await chat.usage.promptTokens == 84)
    }
}

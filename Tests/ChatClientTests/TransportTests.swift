import Foundation
import TestSupport
import Testing
import Transfer

@testable import ChatClient

struct SessionTransportTests {
    @Test func `a storm that passes`() async throws {
        let server = try HostileServer {
            $0.number < 2 ? http(500, "", headers: "Retry-After: 0") : http(200, completion("Done"))
        }
        defer { server.stop() }
        let chat = try client(server.url, key: AccessKey("sk-0123456789"), session: true)
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

import Foundation
import TestSupport
import Testing
import Transfer

@testable import ChatClient

/// Failures that pass, and those that do not.
struct RetryTests {
    @Test func `a plain completion`() async throws {
        let server = try HostileServer { _ in http(200, completion("Hello")) }
        defer { server.stop() }
        let chat = try client(server.url)
        let reply = try await chat.complete(question)
        #expect(reply.content == "Hello")
        #expect(reply.promptTokens == 7 && reply.completionTokens == 5)
        #expect(reply.attempts == 1 && reply.finishReason == "stop")
        #expect(reply.seconds > 0 && reply.seconds < 10)
        let request = try #require(server.requests.first)
        #expect(request.head.hasPrefix("POST /v1/chat/completions HTTP/1.1\r\n"))
        #expect(!request.head.lowercased().contains("authorization"))
        #expect(
            request.body
                == #"{"model":"tiny","messages":[{"content":"Answer.","role":"system"},"#
                + #"{"content":"What?","role":"user"}],"stream":false,"max_tokens":16}"#)
    }

    @Test(arguments: [429, 500, 502, 503])
    func `a storm that passes`(status: Int) async throws {
        let server = try HostileServer { $0.number < 3 ? http(status, "busy") : http(200, completion("At last")) }
        defer { server.stop() }
        let chat = try client(server.url)
        let reply = try await chat.complete(question)
        #expect(reply.content == "At last" && reply.attempts == 4)
        let usage = await chat.usage
        #expect(usage.requests == 1 && usage.attempts == 4 && usage.failures.isEmpty)
    }

    @Test func `a storm that does not pass`() async throws {
        let server = try HostileServer { _ in http(500, #"{"error":{"message":"out of\nmemory"}}"#) }
        defer { server.stop() }
        let chat = try client(server.url)
        let error = try await failure(of: chat)
        #expect(error.code == .status && error.status == 500 && error.attempts == 4)
        #expect(error.description == "127.0.0.1:\(server.port) answered with status 500: out of memory.")
        #expect(server.requests.count == 4)
        #expect(await chat.usage.failures == [.status: 1])
    }

    @Test func `Retry-After is kept to`() async throws {
        let server = try HostileServer {
            $0.number == 0 ? http(429, "", headers: "Retry-After: 1") : http(200, completion("Yes"))
        }
        defer { server.stop() }
        let reply = try await client(server.url).complete(question)
        #expect(reply.attempts == 2)
        #expect(reply.seconds >= 1)
    }

    @Test(arguments: ["3600", "99999999999999999999", "Fri, 31 Dec 2999 23:59:59 GMT"])
    func `a pause that is too long is not waited for`(header: String) async throws {
        let server = try HostileServer { _ in http(429, "", headers: "Retry-After: \(header)") }
        defer { server.stop() }
        let start = ContinuousClock.now
        let error = try await failure(of: client(server.url))
        #expect(error.status == 429 && error.message.contains("asks to wait"))
        #expect(server.requests.count == 1)
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test func `what Retry-After may say`() {
        let now = Date(timeIntervalSince1970: 1_445_412_470)
        #expect(Backoff.requestedPause("7") == .seconds(7))
        #expect(Backoff.requestedPause(" 0 ") == .zero)
        #expect(Backoff.requestedPause("Wed, 21 Oct 2015 07:28:00 GMT", now: now) == .seconds(10))
        #expect(Backoff.requestedPause("Wed, 21 Oct 2014 07:28:00 GMT", now: now) == .zero)
        for nonsense in [nil, "", "-1", "1.5", "nan", "soon", "1e3"] {
            #expect(Backoff.requestedPause(nonsense) == nil)
        }
    }

    @Test func `pauses double, within bounds`() {
        var plain = Backoff(first: .milliseconds(100), longest: .seconds(1), seed: nil)
        #expect((1...6).map { plain.pause(after: $0) / .milliseconds(1) } == [100, 200, 400, 800, 1000, 1000])
        #expect(plain.pause(after: .max) == .seconds(1))
        var jittered = Backoff(first: .milliseconds(100), longest: .seconds(1), seed: 9)
        var again = Backoff(first: .milliseconds(100), longest: .seconds(1), seed: 9)
        let pauses = (0..<100).map { _ in jittered.pause(after: 1) }
        #expect(pauses == (0..<100).map { _ in again.pause(after: 1) })
        #expect(pauses.allSatisfy { $0 >= .milliseconds(50) && $0 < .milliseconds(100) })
        #expect(Set(pauses).count > 90)
    }

    @Test(arguments: [400, 401, 403, 404, 418])
    func `other refusals are final`(status: Int) async throws {
        let challenge = #"WWW-Authenticate: Basic realm="x""#
        let server = try HostileServer { _ in http(status, #"{"error":"no"}"#, headers: challenge) }
        defer { server.stop() }
        let error = try await failure(of: client(server.url))
        #expect(error.code == .status && error.status == status)
        #expect(error.message.hasSuffix("\(status): no"))
        #expect(server.requests.count == 1)
    }

    @Test func `connection refused`() async throws {
        let chat = try client("http://127.0.0.1:\(HostileServer.unusedPort())")
        let error = try await failure(of: chat)
        #expect(error.code == .unreachable && error.attempts == 4)
    }

    @Test(
        arguments: [
            [], [.halfClose], [.reset], [.send("HTTP/1.1 200 OK\r\nContent-Ty"), .halfClose],
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\":")],
            [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"cho\r\n"), .reset],
            [.send("This is not HTTP\r\n\r\n")],
        ] as [[HostileServer.Step]])
    func `broken connections are tried again`(steps: [HostileServer.Step]) async throws {
        let server = try HostileServer { $0.number < 2 ? steps : http(200, completion("Whole")) }
        defer { server.stop() }
        let chat = try client(server.url, timeout: .seconds(2))
        let reply = try await chat.complete(question)
        #expect(reply.content == "Whole" && reply.attempts == 3)
    }

    @Test func `a failing endpoint is left alone, then tried once`() async throws {
        let server = try HostileServer { $0.number < 3 ? http(404, "") : http(200, completion("Back")) }
        defer { server.stop() }
        let chat = try client(server.url) {
            $0.failureLimit = 3
            $0.coolDown = .milliseconds(300)
        }
        for _ in 0..<3 { #expect(try await failure(of: chat).code == .status) }
        for _ in 0..<5 { #expect(try await failure(of: chat).code == .circuitOpen) }
        #expect(server.requests.count == 3)
        try await Task.sleep(for: .milliseconds(350))
        #expect(try await chat.complete(question).content == "Back")
        #expect(try await chat.complete(question).content == "Back")
        #expect(await chat.usage.failures == [.status: 3, .circuitOpen: 5])
    }

    @Test func `the circuit's states`() {
        let now = ContinuousClock.now
        var breaker = CircuitBreaker(failureLimit: 2, coolDown: .seconds(10))
        let late = breaker.admit(at: now)
        breaker.failed(.ordinary, at: now)
        breaker.succeeded()
        breaker.failed(.ordinary, at: now)
        #expect(breaker.admit(at: now) == .ordinary)
        breaker.failed(.ordinary, at: now)
        #expect(breaker.admit(at: now + .seconds(4)) == .refused(.seconds(6)))
        #expect(breaker.admit(at: now + .seconds(10)) == .trial)
        #expect(breaker.admit(at: now + .seconds(10)) == .refused(.zero))
        breaker.failed(late, at: now + .seconds(11))  // says nothing about the trial
        #expect(breaker.admit(at: now + .seconds(12)) == .refused(.zero))
        breaker.abandoned(.trial, at: now + .seconds(12))
        #expect(breaker.admit(at: now + .seconds(12)) == .trial)
        breaker.failed(.trial, at: now + .seconds(13))
        #expect(breaker.admit(at: now + .seconds(14)) == .refused(.seconds(9)))
        #expect(breaker.admit(at: now + .seconds(23)) == .trial)
        breaker.succeeded()
        #expect(breaker.admit(at: now + .seconds(23)) == .ordinary)
    }
}

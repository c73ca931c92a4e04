import Foundation
import TestSupport
import Testing
import Transfer

@testable import ChatClient

/// A whole reply of a well-behaved server.
func http(_ status: Int, _ body: String, type: String = "application/json", headers: String...) -> [HostileServer.Step]
{
    HostileServer.reply(status, body, type: type, headers: headers)
}

/// A chat completion with that content, which is put into JSON here.
func completion(_ content: String) -> String {
    var message = JSONObject()
    message.set("role", "assistant")
    message.set("content", content)
    return completion(message: message.text)
}

func completion(message: String) -> String {
    #"{"choices":[{"index":0,"finish_reason":"stop","message":\#(message)}],"#
        + #""usage":{"prompt_tokens":7,"completion_tokens":5}}"#
}

/// A client with short pauses and limits that a loaded machine still keeps.
func client(
    _ url: String, key: AccessKey? = nil, timeout: Duration = .seconds(10),
    _ change: (inout ChatConfiguration) -> Void = { _ in }
) throws -> ChatEndpoint {
    var configuration = try ChatConfiguration(endpoint: url, model: "tiny")
    configuration.timeout = timeout
    configuration.firstPause = .milliseconds(5)
    change(&configuration)
    return ChatEndpoint(configuration, key: key)
}

let question = ChatRequest(messages: [.init(.system, "Answer."), .init(.user, "What?")], maximumTokens: 16)

let structuredQuestion = ChatRequest(
    messages: [.init(.user, "Levels?")],
    schema: .init(
        name: "levels",
        json: #"{"type":"object","properties":{"levels":{"type":"array","items":{"type":"integer"}}}}"#),
    temperature: 0.5, seed: 3)

/// The error of a request that must fail.
func failure(of chat: some ChatCompleting, _ request: ChatRequest = question) async throws -> ChatError {
    do throws(ChatError) {
        let reply = try await chat.complete(request)
        Issue.record("there is a reply: \(reply)")
        throw ChatError(.badReply, "None")
    } catch {
        return error
    }
}

/// Waits until something is so, for at most ten seconds.
func expectSoon(_ condition: () -> Bool) async throws {
    for _ in 0..<1000 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
    #expect(condition())
}

/// The most memory that this process ever had resident, in bytes.
func peakMemory() -> Int {
    var usage = rusage()
    #if canImport(Glibc)
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    #else
        getrusage(RUSAGE_SELF, &usage)
    #endif
    #if canImport(Darwin)
        return Int(usage.ru_maxrss)
    #else
        return Int(usage.ru_maxrss) << 10
    #endif
}

/// A file that is gone at the end of the test.
func withTemporaryFile<Result>(_ use: (String) async throws -> Result) async throws -> Result {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("chat-\(UUID()).jsonl").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await use(path)
}

func contents(of path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

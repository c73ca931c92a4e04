import Foundation
import Testing

@testable import ChatClient

/// Where a real server answers, as `Scripts/test` says: llama.cpp's, with SmolLM2-135M-Instruct.
private let endpoint = ProcessInfo.processInfo.environment["SELFPRUNER_TEST_CHAT_ENDPOINT"]

@Suite(.enabled(if: endpoint != nil, "SELFPRUNER_TEST_CHAT_ENDPOINT is not set"))
struct RealServerTests {
    private func chat() throws -> ChatEndpoint {
        ChatEndpoint(try ChatConfiguration(endpoint: #require(endpoint), model: "SmolLM2-135M-Instruct"))
    }

    private static func levels(_ seed: UInt32) -> ChatRequest {
        ChatRequest(
            messages: [.init(.user, "Give six integers from 2 to 5, all different from the usual ones.")],
            schema: .init(
                name: "levels",
                json: #"{"type":"object","properties":{"levels":{"type":"array","items":{"type":"integer","#
                    + #""minimum":2,"maximum":5},"minItems":6,"maxItems":6}},"required":["levels"],"#
                    + #""additionalProperties":false}"#),
            temperature: 1, seed: seed, maximumTokens: 100)
    }

    private struct Levels: Decodable {
        var levels: [Int]
    }

    private func expectLevels(in reply: ChatReply) throws {
        let levels = try JSONDecoder().decode(Levels.self, from: Data(reply.content.utf8)).levels
        #expect(levels.count == 6 && levels.allSatisfy { (2...5).contains($0) })
    }

    @Test func `a plain completion`() async throws {
        let chat = try chat()
        let request = ChatRequest(
            messages: [.init(.user, "What is the capital of France?")], temperature: 0, maximumTokens: 24)
        let reply = try await chat.complete(request)
        let hasLetters = reply.content.contains { $0.isLetter }
        #expect(hasLetters)  // A model this small promises no more.
        #expect(reply.attempts == 1 && ["stop", "length"].contains(reply.finishReason))
        #expect(try #require(reply.promptTokens) > 10)
        #expect((1...24).contains(try #require(reply.completionTokens)))
        let usage = await chat.usage
        #expect(usage.promptTokens == reply.promptTokens && usage.completionTokens == reply.completionTokens)
    }

    @Test func `a reply in the form of a schema`() async throws {
        let reply = try await chat().complete(Self.levels(1))
        #expect(reply.attempts == 1)  // The schema was not refused.
        try expectLevels(in: reply)
    }

    @Test func `four requests at once, recorded and replayed`() async throws {
        try await withTemporaryFile { path in
            let chat = ResumingChat(try chat(), record: try ChatRecord(path: path))
            let replies = try await withThrowingTaskGroup(of: (UInt32, ChatReply).self) { group in
                for seed in 0..<UInt32(4) { group.addTask { (seed, try await chat.complete(Self.levels(seed))) } }
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            #expect(replies.count == 4)
            let replay = try ChatReplay(path: path)
            for (seed, reply) in replies {
                try expectLevels(in: reply)
                #expect(try await replay.complete(Self.levels(seed)) == reply)
            }
            #expect(replay.usage.completionTokens == replies.values.compactMap(\.completionTokens).reduce(0, +))
        }
    }

    @Test func `a schema that it cannot follow is left out`() async throws {
        var request = Self.levels(0)
        request.schema?.json = #"{"type":"frobnicate"}"#
        request.maximumTokens = 8
        // It refuses the schema and takes the same request without one.
        #expect(try await chat().complete(request).attempts > 1)
    }
}

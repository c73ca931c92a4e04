import Foundation
import TestSupport
import Testing

/// Searches in which a real chat server proposes (`Scripts/test` starts llama.cpp's).
@Suite(
    .enabled(
        if: ProcessInfo.processInfo.environment["SELFPRUNER_TEST_CHAT_ENDPOINT"] != nil,
        "SELFPRUNER_TEST_CHAT_ENDPOINT is not set"), .serialized)
struct ChatSearchTests {
    private let fixture: CommandFixture
    private let endpoint: [String]
    /// A minute where nothing else computes; the server's answers are what takes the time.
    private static let limit = Duration.seconds(300)

    init() throws {
        fixture = try CommandFixture(isProposer: true)
        endpoint = [
            "--endpoint", ProcessInfo.processInfo.environment["SELFPRUNER_TEST_CHAT_ENDPOINT"] ?? "", "--chat-model",
            "local",
        ]
    }

    @Test func `a server proposes, and its record answers in its place`() async throws {
        func search(_ run: String) -> [String] { fixture.search(run, candidates: 14, proposer: "chat") }
        let replay = ["--replay", fixture.folder("live/exchanges.jsonl"), "--chat-model", "local"]

        let live = try await Program.run(search("live") + endpoint + ["--json"], limit: Self.limit)
        #expect(live.status == 0, "\(live.error)")
        let report = try live.json()
        #expect(report["evaluated"] as? Int == 14)
        let chat = try #require(report["chat"] as? [String: Any])
        #expect((chat["requests"] as? Int ?? 0) > 0)
        #expect((chat["promptTokens"] as? Int ?? 0) > 100)
        #expect((chat["completionTokens"] as? Int ?? 0) > 10)
        let operators = try #require(report["operators"] as? [[String: Any]])
        let proposed = operators.filter { ($0["name"] as? String)?.hasPrefix("chat.") == true }
        #expect(proposed.reduce(0) { $0 + ($1["evaluated"] as? Int ?? 0) + ($1["rejected"] as? Int ?? 0) } > 0)

        let replayed = try await Program.run(search("replayed") + replay + ["--json"])
        #expect(replayed.status == 0, "\(replayed.error)")
        #expect(try Program.result(of: replayed) == Program.result(of: live))

        // Killed anywhere, and continued from what was recorded.
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<5 {
            _ = try await Program.run(
                search("killed") + replay, killingAfter: .milliseconds(Int.random(in: 0...600, using: &generator)))
        }
        let last = try await Program.run(search("killed") + replay + ["--json"])
        #expect(last.status == 0, "\(last.error)")
        #expect(try Program.result(of: last) == Program.result(of: live))
    }

    @Test func `adaptive uses an endpoint beside the model and evolution`() async throws {
        let outcome = try await Program.run(
            fixture.search(candidates: 30) + endpoint + ["--json"], limit: Self.limit)
        #expect(outcome.status == 0, "\(outcome.error)")
        let operators = try #require(try outcome.json()["operators"] as? [[String: Any]])
        let names = operators.compactMap { $0["name"] as? String }
        for prefix in ["chat.", "self.", "evolution."] {
            #expect(names.contains { $0.hasPrefix(prefix) }, "\(prefix) is not in \(names)")
        }
    }
}

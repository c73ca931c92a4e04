import Foundation
import Testing

@testable import ChatClient

/// Answers with how often it was asked; the prompt can ask for a failure or for time.
private actor Counter: ChatCompleting {
    private(set) var usage = ChatUsage()

    func complete(_ request: ChatRequest) async throws(ChatError) -> ChatReply {
        switch request.messages.first?.content {
        case "fail":
            let error = ChatError(.status, "No", status: 404, attempts: 3)
            usage.count(error, seconds: 0.25)
            throw error
        case "cancel": throw ChatError(.cancelled, "Cancelled")
        default: break
        }
        let reply = ChatReply(
            content: "reply \(usage.requests)\n\u{2028}\0", promptTokens: 3, completionTokens: nil, seconds: 0.125,
            attempts: 2, finishReason: "stop")
        usage.count(reply)
        return reply
    }
}

private func ask(_ text: String) -> ChatRequest { ChatRequest(messages: [.init(.user, text)], temperature: 0.1) }

struct RecordTests {
    @Test func `a replay answers as the recorded chat did`() async throws {
        try await withTemporaryFile { path in
            let recording = ResumingChat(Counter(), record: try ChatRecord(path: path))
            var replies: [ChatReply] = []
            for text in ["a", "b", "a", "a"] { replies.append(try await recording.complete(ask(text))) }
            let failed = try await failure(of: recording, ask("fail"))
            #expect(try await failure(of: recording, ask("cancel")).code == .cancelled)

            let replay = try ChatReplay(path: path, prices: ChatPrices(prompt: 1e6, completion: 0))
            // In another order, but each in turn among its equals.
            #expect(try await replay.complete(ask("b")) == replies[1])
            for index in [0, 2, 3] { #expect(try await replay.complete(ask("a")) == replies[index]) }
            #expect(try await failure(of: replay, ask("fail")) == failed)
            #expect(replay.usage.cost == 12)
            var recorded = await recording.usage
            recorded.prices = replay.usage.prices
            #expect(abs(replay.usage.seconds - recorded.seconds) < 1)
            #expect(replay.usage.attempts == recorded.attempts && replay.usage.failures == recorded.failures)

            #expect(try await failure(of: replay, ask("a")).code == .notRecorded)
            #expect(try await failure(of: replay, ask("cancel")).code == .notRecorded)
        }
    }

    @Test func `a killed run pays for nothing twice`() async throws {
        try await withTemporaryFile { path in
            let texts = ["a", "b", "fail", "a", "c"]
            let run = { (chat: ResumingChat, count: Int) -> [String] in
                var results: [String] = []
                for text in texts.prefix(count) {
                    do throws(ChatError) { results.append(try await chat.complete(ask(text)).content) } catch {
                        results.append("\(error)")
                    }
                }
                return results
            }
            let first = Counter()
            let before = await run(ResumingChat(first, record: try ChatRecord(path: path)), 4)
            // Killed in the middle of a line.
            let whole = try contents(of: path)
            try (whole + whole.prefix(50)).write(toFile: path, atomically: false, encoding: .utf8)
            let second = Counter()
            let resumed = ResumingChat(second, record: try ChatRecord(path: path))
            let after = await run(resumed, 5)
            #expect(Array(after.prefix(4)) == before)
            #expect(await second.usage.requests == 1)
            let usage = await resumed.usage
            #expect(usage.requests == 5 && usage.attempts == 11 && usage.failures == [.status: 1])
            #expect(try contents(of: path).hasPrefix(whole))
            #expect(try contents(of: path).split(separator: "\n").count == 5)
            // And once more, without any call.
            let third = Counter()
            #expect(await run(ResumingChat(third, record: try ChatRecord(path: path)), 5) == after)
            #expect(await third.usage.requests == 0)
        }
    }

    @Test func `concurrent requests make whole lines`() async throws {
        try await withTemporaryFile { path in
            let record = try ChatRecord(path: path)
            let chat = ResumingChat(Counter(), record: record)
            await withTaskGroup(of: Void.self) { group in
                for index in 0..<50 { group.addTask { _ = try? await chat.complete(ask("\(index % 7)")) } }
            }
            #expect(record.count == 50)
            #expect(try ChatExchange.read(Data(contents(of: path).utf8), path: path).exchanges.count == 50)
        }
    }

    @Test(arguments: [0, 1, 2])
    func `a damaged line is named`(line: Int) async throws {
        try await withTemporaryFile { path in
            let chat = ResumingChat(Counter(), record: try ChatRecord(path: path))
            for text in ["a", "b", "c"] { _ = try await chat.complete(ask(text)) }
            let lines = try contents(of: path).split(separator: "\n").map(String.init)
            let damages: [(String) -> String] = [
                { String($0.dropLast()) }, { _ in "" }, { _ in "{}" },
                { $0.replacing("\"user\"", with: "\"system\"") },  // another request than its hash says
                { $0.replacing("\"reply\":", with: "\"answer\":") }, { _ in lines[(line + 1) % 3] },
                { $0.replacing("\"seconds\":", with: "\"seconds\":-") }, { _ in "\u{0}\u{0}\u{0}" },
            ]
            for damage in damages {
                var damaged = lines
                damaged[line] = damage(lines[line])
                let text = damaged.joined(separator: "\n") + "\n"
                try text.write(toFile: path, atomically: false, encoding: .utf8)
                #expect {
                    _ = try ChatReplay(path: path)
                } throws: {
                    let error = $0 as? ChatError
                    return error?.code == .recordNotUsable && error?.message.contains("Line ") == true
                }
                #expect(throws: ChatError.self) { try ChatRecord(path: path) }
                #expect(try contents(of: path) == text)  // Nothing is thrown away.
            }
        }
    }

    @Test func `records that cannot be`() async throws {
        try await withTemporaryFile { path in
            for action in [{ _ = try ChatReplay(path: path) }, { _ = try ChatRecord(path: path + "/x") }] {
                #expect {
                    try action()
                } throws: { ($0 as? ChatError)?.code == .recordNotUsable }
            }
        }
    }

    @Test func `no regular file is no record`() {
        for path in ["/dev/null", "/"] {
            #expect {
                _ = try ChatReplay(path: path)
            } throws: { ($0 as? ChatError)?.code == .recordNotUsable }
            #expect {
                _ = try ChatRecord(path: path)
            } throws: { ($0 as? ChatError)?.code == .recordNotUsable }
        }
    }

    #if os(Linux)
        @Test func `a full disk is an error`() async throws {
            let descriptor = open("/dev/full", O_WRONLY)
            try #require(descriptor >= 0)
            let record = ChatRecord(path: "full", descriptor: descriptor)
            let chat = ResumingChat(Counter(), record: record)
            let error = try await failure(of: chat, ask("a"))
            #expect(error.code == .recordNotUsable && error.message.contains("No space left"))
            // A device cannot be cut to a length, so the record cannot take back what it may have written.
            #expect(try await failure(of: chat, ask("b")).message.contains("broken last line"))
            #expect(record.count == 0)
        }
    #endif
}

import Foundation
import TestSupport
import Testing

@testable import Hub

struct BrokenConnectionTests {
    private static let weights = FakeHub.content(300_000)
    private static let isWeights = { @Sendable (call: FakeHub.Call) in
        call.isStorage && call.target.contains(modelFiles.first { $0.name == "model.safetensors" }?.checksum ?? "?")
    }

    /// The reply to a request for the weights, cut off after so many bytes of its body.
    private static func cut(_ call: FakeHub.Call, after bytes: Int, _ end: HostileServer.Step) -> [HostileServer.Step] {
        FakeHub.part(of: weights, call).map { step in
            if case .sendBytes(let part) = step { .sendBytes(part.prefix(bytes)) } else { step }
        } + [end]
    }

    private func expectWhole(_ fixture: HubFixture) throws {
        let path = "\(fixture.snapshot)/model.safetensors"
        #expect(FileManager.default.contents(atPath: path) == Self.weights)
        #expect(!fixture.contents().contains { $0.hasSuffix(".incomplete") })
    }

    /// Every reply breaks after a while; each request begins where the last reply ended.
    @Test(arguments: [70_000, 299_999], [false, true])
    func `a broken download goes on where it stopped`(bytes: Int, isEncrypted: Bool) async throws {
        let broken = 300_000 / bytes
        try await withHub(isEncrypted: isEncrypted) { call in
            guard Self.isWeights(call), (call.rangeStart ?? 0) + bytes < 300_000 else { return nil }
            return Self.cut(call, after: bytes, .pause(.zero))
        } test: { hub, fixture in
            try await fixture.download()
            try expectWhole(fixture)
            let starts = hub.storageCalls.filter(Self.isWeights).map { $0.rangeStart ?? 0 }
            #expect(starts == (0...broken).map { $0 * bytes })
            // Each attempt has the hub sign a new address.
            #expect(hub.hubCalls.filter { $0.target.hasSuffix("model.safetensors") }.count == broken + 1)
        }
    }

    @Test(
        arguments: [
            [], [.halfClose], [.reset], [.send("HTTP/1.1 206 Partial")], [.send("SSH-2.0-x\r\n")],
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n"), .reset],
            [.send("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 0\r\n\r\n")],
            [.send("HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n")],
            [.send("HTTP/1.1 403 Expired\r\nContent-Length: 9\r\n\r\n<expired>")],
        ] as [[HostileServer.Step]], [false, true])
    func `storms pass`(steps: [HostileServer.Step], isEncrypted: Bool) async throws {
        try await withHub(isEncrypted: isEncrypted) { call in
            Self.isWeights(call) && call.number < 3 ? steps : nil
        } test: { _, fixture in
            try await fixture.download()
            try expectWhole(fixture)
        }
    }

    @Test func `storms of the hub itself pass`() async throws {
        try await withHub { call in
            !call.isStorage && call.number % 2 == 0 ? HostileServer.reply(502, "<html>bad gateway</html>") : nil
        } test: { _, fixture in
            try await fixture.download()
            try expectWhole(fixture)
        }
    }

    @Test func `a server that knows no parts sends all of it again`() async throws {
        try await withHub { call in
            guard Self.isWeights(call) else { return nil }
            if call.headers["range"] == nil { return Self.cut(call, after: 100_000, .pause(.zero)) }
            return [.send("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n"), .sendBytes(Self.weights)]
        } test: { _, fixture in
            try await fixture.download()
            try expectWhole(fixture)
        }
    }

    @Test func `what was begun is there the next time`() async throws {
        let isBroken = Reports()
        try await withHub { call in
            Self.isWeights(call) && isBroken.all.isEmpty ? Self.cut(call, after: 123_456, .reset) : nil
        } test: { hub, fixture in
            var impatient = fixture
            impatient.configuration.maximumAttempts = 1
            let error = try await impatient.failure()
            #expect(error.code == .unreachable || error.code == .badReply)
            let weights = try file("model.safetensors")
            // A reset may take some of what was sent with it.
            let have = try #require(FileManager.default.contents(atPath: fixture.blob(weights) + ".incomplete"))
            #expect(have.count <= 123_456 && have == Self.weights.prefix(have.count))
            #expect(!fixture.contents().contains { $0.hasPrefix("snapshots") || $0.hasPrefix("refs") })
            isBroken.add(0)
            let result = try await fixture.download()
            #expect(result.downloadedBytes == 300_000 - have.count)
            #expect(hub.storageCalls.last { Self.isWeights($0) }?.rangeStart ?? 0 == have.count)
            try expectWhole(fixture)
        }
    }

    /// Of another program, or of a disk that lost power.
    @Test(arguments: [FakeHub.content(1000, seed: 99), FakeHub.content(300_000, seed: 99), FakeHub.content(400_000)])
    func `a beginning that is not the right one`(beginning: Data) async throws {
        try await withHub { _, fixture in
            let weights = try file("model.safetensors")
            try fixture.folder.write(
                "home/hub/models--someone--tiny-llama/blobs/\(weights.checksum).incomplete", beginning)
            try await fixture.download()
            try expectWhole(fixture)
        }
    }

    @Test func `a wrong content is not kept`() async throws {
        try await withHub { call in
            guard Self.isWeights(call) else { return nil }
            var content = Self.weights
            content[1000] ^= 1
            return FakeHub.part(of: content, call)
        } test: { hub, fixture in
            let error = try await fixture.failure()
            #expect(error.code == .checksum && error.message.contains("model.safetensors"))
            let weights = try file("model.safetensors")
            #expect(!fixture.contents().contains { $0.contains(weights.checksum) || $0.hasPrefix("refs") })
            #expect(!FileManager.default.fileExists(atPath: fixture.snapshot))
            #expect(hub.storageCalls.filter(Self.isWeights).count == 1)
        }
    }

    @Test func `a small file is checked as Git does`() async throws {
        try await withHub { call in
            call.target.hasSuffix("/config.json") ? FakeHub.part(of: Data(#"{"model_type": "lama!"}"#.utf8), call) : nil
        } test: { _, fixture in
            try await fixture.expectFailure(.checksum)
            #expect(fixture.contents().isEmpty)
        }
    }

    @Test(arguments: [
        "bytes 1-299999/300000", "bytes 0-299998/300000", "bytes 0-299999/300001", "bytes */300000", "", "nonsense",
    ])
    func `a part that was not asked for`(range: String) async throws {
        try await withHub { call in
            guard Self.isWeights(call) else { return nil }
            return [
                .send(
                    "HTTP/1.1 206 Partial\r\nContent-Length: 300000\r\nContent-Range: \(range)\r\n\r\n"),
                .sendBytes(Self.weights),
            ]
        } test: { _, fixture in
            try await fixture.expectFailure(.badReply)
        }
    }

    @Test(arguments: ["Content-Length: 300001", "Content-Length: 10", "Content-Length: 99999999999999999999"])
    func `another size than there should be`(header: String) async throws {
        try await withHub { call in
            Self.isWeights(call) ? [.send("HTTP/1.1 200 OK\r\n\(header)\r\n\r\n0123456789"), .hang] : nil
        } test: { hub, fixture in
            try await fixture.expectFailure(.badReply)
            #expect(hub.storageCalls.filter(Self.isWeights).count == 1)
        }
    }

    @Test(arguments: ["", "Transfer-Encoding: chunked\r\n"])
    func `more than there should be`(header: String) async throws {
        try await withHub { call in
            guard Self.isWeights(call) else { return nil }
            let chunk = header.hasPrefix("T") ? "493e1\r\n" : ""
            return [
                .send("HTTP/1.1 200 OK\r\n\(header)\r\n\(chunk)"), .sendBytes(Self.weights + Data([0])), .hang,
            ]
        } test: { _, fixture in
            try await fixture.expectFailure(.tooLarge)
            #expect(!fixture.contents().contains { $0.hasPrefix("snapshots") })
        }
    }

    @Test func `silence and trickles end`() async throws {
        for steps in [[.hang], [.drip(String(repeating: "x", count: 100_000), pause: .milliseconds(2))]]
            as [[HostileServer.Step]]
        {
            try await withHub { call in
                Self.isWeights(call)
                    ? [.send("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n")] + steps : nil
            } test: { _, fixture in
                var fixture = fixture
                fixture.configuration.silence = .milliseconds(700)
                fixture.configuration.maximumAttempts = 2
                fixture.configuration.progressBytes = 1 << 20
                try await fixture.expectFailure(.timeout)
            }
        }
    }

    @Test func `a cancelled download ends at once and can go on`() async throws {
        let isSlow = Reports()
        try await withHub { call in
            Self.isWeights(call) && isSlow.all.isEmpty ? Self.cut(call, after: 100_000, .hang) : nil
        } test: { _, fixture in
            let reports = Reports()
            let name = try repository()
            var configuration = fixture.configuration
            // Far longer than a test ever waits for a processor that others use too.
            configuration.silence = .seconds(600)
            let task = Task { [configuration] in
                try await ModelDownload(name, revision: "main", file: nil, configuration)
                    .run(begin: { _ in }, progress: { reports.add($0) })
            }
            while reports.all.last ?? 0 < 100_000 { try await Task.sleep(for: .milliseconds(5)) }
            let start = ContinuousClock.now
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(ContinuousClock.now - start < .seconds(300))
            isSlow.add(0)
            let result = try await fixture.download()
            #expect(result.downloadedBytes == 200_000)
            try expectWhole(fixture)
        }
    }
}

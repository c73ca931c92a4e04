import Foundation
import TestSupport
import Testing

@testable import Hub

/// Whatever the hub says, there is a sentence, and nothing outside the cache.
struct HostileHubTests {
    private static let isListing = { @Sendable (call: FakeHub.Call) in call.target.hasPrefix("/api/") }

    @Test(arguments: [
        "../../x", "..", "/etc/passwd", "a//b", "a/../b", "./config.json", "a/", "", "\u{0}",
        "tokenizer/../../../../x", String(repeating: "x", count: 300),
    ])
    func `names that would leave their folder`(name: String) async throws {
        let files = modelFiles + [.init(name, Data("x".utf8))]
        try await withHub { call in
            Self.isListing(call) ? HostileServer.reply(200, FakeHub.listing(files)) : nil
        } test: { hub, fixture in
            try await fixture.expectFailure(.unsafeName)
            #expect(fixture.contents().isEmpty && hub.hubCalls.count == 1)
            try await fixture.expectFailure(.unsafeName, file: "gguf/tiny-q8_0.gguf")
        }
    }

    @Test(arguments: ["../../x.safetensors", "/x", "..", ""])
    func `an index that points outside`(name: String) async throws {
        let index = try JSONSerialization.data(withJSONObject: ["weight_map": ["a": name]])
        let files: [FakeHub.File] = [
            .init("config.json", Data("{}".utf8)), .init("model.safetensors.index.json", index),
        ]
        try await withHub(files) { _, fixture in
            try await fixture.expectFailure(.unsafeName)
            #expect(!fixture.contents().contains { $0.hasPrefix("snapshots") || $0.hasPrefix("refs") })
        }
    }

    @Test func `an index that is none, or names what is not there`() async throws {
        for (index, code) in [
            ("{", HubError.Code.badReply), ("[]", .badReply), (#"{"weight_map": {"a": 1}}"#, .badReply),
            (#"{"weight_map": {}}"#, .noModel), (#"{"weight_map": {"a": "b.safetensors"}}"#, .noModel),
        ] {
            let files: [FakeHub.File] = [
                .init("config.json", Data("{}".utf8)), .init("model.safetensors.index.json", Data(index.utf8)),
            ]
            try await withHub(files) { _, fixture in try await fixture.expectFailure(code) }
        }
    }

    @Test(arguments: ["../main", "/main", "", "a//b", ".locks", "main/.."])
    func `a revision that is none`(revision: String) async throws {
        try await withHub { hub, fixture in
            try await fixture.expectFailure(.badName, revision: revision)
            #expect(hub.hubCalls.isEmpty)
        }
    }

    @Test func `what a user may ask for in vain`() async throws {
        try await withHub { _, fixture in
            var error = try await fixture.failure(revision: "v9")
            #expect(error.code == .notFound && error.message.contains("v9"))
            error = try await fixture.failure(file: "other.gguf")
            #expect(error.code == .notFound && error.message.contains("gguf/tiny-q8_0.gguf"))
            try await fixture.expectFailure(.badName, file: "../other.gguf")
        }
        try await withHub(modelFiles.filter { !$0.name.hasSuffix(".safetensors") }) { _, fixture in
            let error = try await fixture.failure()
            #expect(error.code == .noModel && error.message.contains("gguf/tiny-q8_0.gguf"))
        }
        try await withHub([.init("model.safetensors", Data("x".utf8))]) { _, fixture in
            let error = try await fixture.failure()
            #expect(error.code == .noModel && error.message.contains("config.json"))
        }
    }

    @Test(arguments: [
        "", "{", "[]", "null", "\"text\"", "{}", #"{"sha":"main","siblings":[]}"#, #"{"sha":5}"#,
        #"{"sha":"0123456789ABCDEF0123456789abcdef01234567","siblings":[]}"#,
        #"{"sha":"../../../../../../../../../../../../../x","siblings":[]}"#,
        #"{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"config.json","size":-5}]}"#,
        #"{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"size":5}]}"#,
        #"{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"a","size":9223372036854775807}]}"#,
        #"{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"a","size":1e99}]}"#,
    ])
    func `a list that is none`(json: String) async throws {
        try await withHub {
            Self.isListing($0) ? HostileServer.reply(200, json) : nil
        } test: { _, fixture in
            try await fixture.expectFailure(.badReply)
            #expect(fixture.contents().isEmpty)
        }
    }

    @Test func `a checksum that is none is asked for again, and refused`() async throws {
        let listing = FakeHub.listing(modelFiles).replacing(
            try file("config.json").checksum, with: "../../../../../../../../../../../../etc")
        try await withHub { call in
            if Self.isListing(call) { return HostileServer.reply(200, listing) }
            guard call.method == "HEAD" else { return nil }
            return [.send("HTTP/1.1 200 OK\r\nContent-Length: 23\r\nETag: \"../../x\"\r\n\r\n")]
        } test: { _, fixture in
            try await fixture.expectFailure(.badReply)
        }
    }

    @Test func `sizes that no disk has`() async throws {
        let checksum = String(repeating: "ab", count: 32)
        let sibling = { (name: String) in
            #"{"rfilename":"\#(name)","size":1,"lfs":{"sha256":"\#(checksum)","size":\#(1 << 42)}}"#
        }
        let listing =
            #"{"sha":"\#(FakeHub.commit)","siblings":[\#(sibling("config.json")),\#(sibling("model.safetensors"))]}"#
        try await withHub {
            Self.isListing($0) ? HostileServer.reply(200, listing) : nil
        } test: { _, fixture in
            try await fixture.expectFailure(.noSpace)
        }
    }

    @Test func `a list without end`() async throws {
        try await withHub { call in
            guard Self.isListing(call) else { return nil }
            return [.send("HTTP/1.1 200 OK\r\n\r\n["), .flood(String(repeating: "0,", count: 5000), times: 10_000)]
        } test: { _, fixture in
            var fixture = fixture
            fixture.configuration.maximumReplyBytes = 1 << 20
            try await fixture.expectFailure(.tooLarge)
        }
    }

    @Test(
        arguments: [
            (401, nil, HubError.Code.denied, "HF_TOKEN"), (403, nil, .denied, "HF_TOKEN"),
            (403, "GatedRepo", .denied, "granted access"), (404, "RepoNotFound", .notFound, "someone/tiny-llama"),
            (404, "RevisionNotFound", .notFound, "main"), (410, nil, .notFound, "has not got"),
            (418, nil, .status, "418"), (500, nil, .status, "after 3 attempts"), (503, nil, .status, "503"),
            (429, nil, .status, "429"),
        ] as [(Int, String?, HubError.Code, String)])
    func `statuses`(status: Int, word: String?, code: HubError.Code, text: String) async throws {
        try await withHub { _ in
            HostileServer.reply(
                status, #"{"error":"Your token \#(token) is\n no good."}"#,
                headers: word.map { ["X-Error-Code: \($0)"] } ?? [])
        } test: { hub, fixture in
            let error = try await fixture.failure()
            #expect(error.code == code && error.status == status && error.message.contains(text), "\(error)")
            #expect(hub.hubCalls.count == (status == 429 || status >= 500 ? 3 : 1))
        }
    }

    @Test func `a pause that is too long is not waited for`() async throws {
        try await withHub { _ in
            HostileServer.reply(429, "", headers: ["Retry-After: 100000"])
        } test: { hub, fixture in
            let error = try await fixture.failure()
            #expect(error.message.contains("asks to wait"))
            #expect(hub.hubCalls.count == 1)
        }
    }

    @Test(arguments: ["", "/", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://", "::::", "javascript:alert(1)"])
    func `redirects that lead nowhere`(location: String) async throws {
        try await withHub { call in
            Self.isListing(call) ? HostileServer.reply(302, "", headers: ["Location: \(location)"]) : nil
        } test: { hub, fixture in
            let error = try await fixture.failure()
            #expect([.badRedirect, .notFound, .status].contains(error.code), "\(error)")
            #expect(hub.hubCalls.count <= 2)
        }
    }

    @Test func `redirects in a circle, and without end`() async throws {
        for isCircle in [true, false] {
            try await withHub { call in
                let target = isCircle ? "/api/\(call.number % 3)" : "/api/\(call.number)"
                return HostileServer.reply(302, "", headers: ["Location: \(target)"])
            } test: { hub, fixture in
                try await fixture.expectFailure(.badRedirect)
                #expect(hub.hubCalls.count <= 10)
            }
        }
    }

    @Test func `a redirect to another host takes no token along`() async throws {
        let other = try HostileServer { _ in HostileServer.reply(200, FakeHub.listing(modelFiles)) }
        defer { other.stop() }
        try await withHub { call in
            Self.isListing(call)
                ? HostileServer.reply(307, "", headers: ["Location: \(other.url)\(call.target)"]) : nil
        } test: { _, fixture in
            try await fixture.download()
            #expect(other.requests.count == 1)
            #expect(other.requests.allSatisfy { !$0.head.contains(token) && !$0.head.contains("Authorization") })
        }
    }

    @Test func `no server`() async throws {
        let fixture = try HubFixture("http://127.0.0.1:\(HostileServer.unusedPort())")
        let error = try await fixture.failure()
        #expect(error.code == .unreachable && error.message.contains("was refused"))
    }

    @Test func `damaged lists never trap`() async throws {
        let listing = Array(FakeHub.listing(modelFiles).utf8)
        var state: UInt64 = 7
        let random = { (bound: Int) -> Int in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let name = try repository()
        for _ in 0..<2000 {
            var bytes = listing
            for _ in 0...random(6) { bytes[random(bytes.count)] = UInt8(random(256)) }
            guard let list = try? RepositoryListing(json: Data(bytes), repository: name) else { continue }
            #expect(SafePath.isHexadecimal(list.commit, digits: 40))
            #expect(list.files.allSatisfy { SafePath.isInside($0.name) && $0.size ?? 0 >= 0 })
        }
    }

    @Test func `a cache that cannot be written`() async throws {
        try await withHub { _, fixture in
            try fixture.folder.write("home", Data("a file".utf8))
            let error = try await fixture.failure()
            #expect(error.code == .notWritable && error.message.contains(fixture.folder("home")))
        }
    }
}

import Foundation
import TestSupport
import Testing

@testable import Hub

struct ModelDownloadTests {
    static let wanted = [
        "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
    ]

    @Test func `the cache is as huggingface_hub has it`() async throws {
        try await withHub { hub, fixture in
            let reports = Reports()
            let result = try await fixture.download { reports.add($0) }
            #expect(result.commit == FakeHub.commit && result.path == fixture.snapshot)
            let files = try Self.wanted.map { try file($0) }
            let bytes = files.reduce(0) { $0 + $1.content.count }
            #expect(result.downloadedBytes == bytes)
            #expect(reports.all.first == bytes && reports.all.last == bytes)
            #expect(
                fixture.contents()
                    == (files.map { "blobs/\($0.checksum)" } + ["refs/main"]
                    + Self.wanted.map { "snapshots/\(FakeHub.commit)/\($0)" }).sorted())
            for file in files {
                let link = "\(fixture.snapshot)/\(file.name)"
                #expect(
                    try FileManager.default.destinationOfSymbolicLink(atPath: link) == "../../blobs/\(file.checksum)")
                #expect(FileManager.default.contents(atPath: link) == file.content)
            }
            let main = FileManager.default.contents(atPath: "\(fixture.model)/refs/main")
            #expect(main == Data(FakeHub.commit.utf8))

            // Nothing is asked for twice.
            let calls = (hub.hubCalls.count, hub.storageCalls.count)
            let again = try await fixture.download()
            #expect(again.downloadedBytes == 0 && again.path == result.path)
            #expect(hub.hubCalls.count == calls.0 + 1 && hub.storageCalls.count == calls.1)
        }
    }

    @Test func `the token goes to the hub alone`() async throws {
        try await withHub { hub, fixture in
            try await fixture.download()
            #expect(hub.hubCalls.allSatisfy { $0.headers["authorization"] == "Bearer \(token)" })
            #expect(hub.storageCalls.count == 2)
            #expect(hub.storageCalls.allSatisfy { $0.headers["authorization"] == nil })
            #expect(!hub.storageHeads.contains(token))
            var described = ""
            dump(fixture.configuration, to: &described)
            #expect(!described.contains(token))
        }
    }

    @Test func `without a token none is sent`() async throws {
        try await withHub { hub, fixture in
            var fixture = fixture
            fixture.configuration.token = nil
            try await fixture.download()
            #expect(hub.hubCalls.allSatisfy { $0.headers["authorization"] == nil })
        }
    }

    @Test func `shards by their index`() async throws {
        let index =
            #"{"metadata":{},"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors","#
            + #""c":"model-1.safetensors"}}"#
        let files: [FakeHub.File] = [
            .init("config.json", Data("{}".utf8)), .init("model.safetensors.index.json", Data(index.utf8)),
            .init("model-1.safetensors", FakeHub.content(1000), isLarge: true),
            .init("model-2.safetensors", FakeHub.content(2000), isLarge: true),
            .init("consolidated.safetensors", FakeHub.content(3000), isLarge: true),
        ]
        try await withHub(files) { hub, fixture in
            let result = try await fixture.download()
            #expect(
                result.files.map(\.name) == [
                    "config.json", "model.safetensors.index.json", "model-1.safetensors", "model-2.safetensors",
                ])
            #expect(hub.storageCalls.count == 2)
        }
    }

    @Test func `one GGUF file, in a folder of the repository`() async throws {
        try await withHub { hub, fixture in
            let name = "gguf/tiny-q8_0.gguf"
            let result = try await fixture.download(file: name)
            #expect(result.path == "\(fixture.snapshot)/\(name)" && result.files.map(\.name) == [name])
            #expect(FileManager.default.contents(atPath: result.path) == (try file(name).content))
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: result.path)
                    == "../../../blobs/\(file(name).checksum)")
            #expect(hub.hubCalls.count == 2)
        }
    }

    @Test func `a list without checksums`() async throws {
        try await withHub(saysHashes: false) { hub, fixture in
            let result = try await fixture.download()
            #expect(hub.hubCalls.filter { $0.method == "HEAD" }.count == Self.wanted.count)
            #expect(hub.storageCalls.allSatisfy { $0.method == "GET" })
            for file in result.files {
                let expected = try HubTests.file(file.name)
                #expect(file.checksum.text == expected.checksum && file.bytes == expected.content.count)
            }
        }
    }

    @Test func `a revision with a slash, and a commit`() async throws {
        try await withHub { _, fixture in
            try await fixture.download(revision: "refs/pr/1")
            let reference = FileManager.default.contents(atPath: "\(fixture.model)/refs/refs/pr/1")
            #expect(reference == Data(FakeHub.commit.utf8))
            try await fixture.download(revision: FakeHub.commit)
            #expect(fixture.contents().filter { $0.hasPrefix("refs") } == ["refs/refs/pr/1"])
        }
    }

    @Test func `a model that has moved`() async throws {
        let old = try RepositoryName("before/tiny-llama")
        try await withHub { call in
            guard call.target.contains("/before/") || call.target.hasPrefix("/before/") else { return nil }
            let target = call.target.replacing("before/tiny-llama", with: FakeHub.repository)
            return HostileServer.reply(307, "", headers: ["Location: \(target)"])
        } test: { hub, fixture in
            let result = try await ModelDownload(old, revision: "main", file: nil, fixture.configuration)
                .run(begin: { _ in }, progress: { _ in })
            #expect(result.path.contains("models--before--tiny-llama"))
            #expect(FileManager.default.fileExists(atPath: "\(result.path)/model.safetensors"))
            #expect(hub.hubCalls.allSatisfy { $0.headers["authorization"] == "Bearer \(token)" })
        }
    }

    @Test func `two at once share the work`() async throws {
        try await withHub { hub, fixture in
            async let first = fixture.download()
            async let second = fixture.download()
            let paths = try await [first.path, second.path]
            #expect(paths[0] == paths[1])
            #expect(hub.storageCalls.count == 2)
        }
    }
}

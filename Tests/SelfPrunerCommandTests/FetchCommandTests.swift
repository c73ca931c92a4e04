import Foundation
import TestSupport
import Testing

/// `selfpruner fetch` against a hub on loopback.
struct FetchCommandTests {
    private static let token = "hf_abcdefghijklmnop"

    private let fixture: CommandFixture
    private let files: [FakeHub.File]

    init() throws {
        fixture = try CommandFixture()
        let folder = fixture.folder
        files =
            try ["config.json", "tokenizer_config.json"].map {
                try .init($0, folder.data("gqa-untied/\($0)"))
            }
            + ["tokenizer.json", "model.safetensors"].map {
                try .init($0, folder.data("gqa-untied/\($0)"), isLarge: true)
            }
            + [.init("README.md", Data("# Tiny".utf8)), .init("tiny.gguf", FakeHub.content(9000), isLarge: true)]
    }

    private func environment(_ hub: FakeHub) -> [String: String] {
        [
            "HF_ENDPOINT": hub.url, "HF_DATASETS_SERVER": hub.url, "HF_HOME": fixture.folder("hf"), "HF_HUB_CACHE": "",
            "HF_TOKEN": Self.token, "HF_HUB_OFFLINE": "", "SELFPRUNER_LOG": "trace",
            "SELFPRUNER_TASKS": fixture.folder("tasks"),
        ]
    }

    private func withHub(
        _ interfere: @escaping @Sendable (FakeHub.Call) -> [HostileServer.Step]? = { _ in nil },
        test: (FakeHub) async throws -> Void
    ) async throws {
        let hub = try FakeHub(files, interfere: interfere)
        defer { hub.stop() }
        try await test(hub)
    }

    private func fetch(
        _ hub: FakeHub, _ arguments: String..., interruptingWhenErrorContains text: String? = nil
    ) async throws -> Program.Outcome {
        let outcome = try await Program.run(
            ["fetch", "model", FakeHub.repository] + arguments, environment: environment(hub),
            interruptingWhenErrorContains: text)
        #expect(!(outcome.output + outcome.error).contains(Self.token))
        return outcome
    }

    @Test func `the path that is printed opens`() async throws {
        try await withHub { hub in
            let outcome = try await fetch(hub)
            #expect(outcome.status == 0, "\(outcome.error)")
            let path = fixture.folder("hf/hub/models--someone--tiny-llama/snapshots/\(FakeHub.commit)")
            #expect(outcome.output == path + "\n")
            #expect(outcome.error.contains("4 files") && outcome.error.contains("downloaded"))
            let model = try await Program.run(["inspect", path, "--json"]).json()
            #expect(model["parameters"] as? Int == 71760)
            #expect(hub.hubHeads.contains(Self.token) && !hub.storageHeads.contains(Self.token))

            let again = try await fetch(hub)
            #expect(again.status == 0 && again.output == outcome.output)
            #expect(again.error.contains("there already"))
            let file = try await fetch(hub, "--file", "tiny.gguf")
            #expect(file.output == "\(path)/tiny.gguf\n")
        }
    }

    @Test func `every key is documented`() async throws {
        try await withHub { hub in
            let report = try await fetch(hub, "--json").json()
            #expect(
                report.keys.sorted() == [
                    "bytes", "commit", "downloadedBytes", "files", "path", "repository", "revision", "seconds",
                ])
            let file = try #require((report["files"] as? [[String: Any]])?.first)
            #expect(file.keys.sorted() == ["bytes", "checksum", "name"])
            try expectDocumented(report)
        }
    }

    @Test func `Ctrl-C, and then the same again`() async throws {
        let weights = try #require(files.first { $0.name == "model.safetensors" })
        let half = weights.content.count / 2
        let (checksum, content) = (weights.checksum, weights.content)
        try await withHub { call in
            guard call.isStorage, call.target.contains(checksum) else { return nil }
            return [
                .send("HTTP/1.1 200 OK\r\nContent-Length: \(content.count)\r\n\r\n"), .sendBytes(content.prefix(half)),
                .drip(String(repeating: "x", count: 4000), pause: .milliseconds(50)),
            ]
        } test: { hub in
            let outcome = try await fetch(hub, interruptingWhenErrorContains: "download ")
            #expect(outcome.exited && outcome.status == 130)
            #expect(outcome.output.isEmpty && outcome.error.contains("goes on from there"))
        }
        let partial = fixture.folder("hf/hub/models--someone--tiny-llama/blobs/\(checksum).incomplete")
        let have = try #require(FileManager.default.contents(atPath: partial))
        #expect(have.count >= half && have.prefix(half) == content.prefix(half))
        // What dripped in was none of the file, which its checksum will tell.
        try have.prefix(half).write(to: URL(fileURLWithPath: partial))
        try await withHub { hub in
            let outcome = try await fetch(hub)
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(hub.storageCalls.map(\.rangeStart) == [half])
        }
    }

    @Test func `killed at any time, and then the same again`() async throws {
        let weights = try #require(files.first { $0.name == "model.safetensors" })
        let (checksum, content) = (weights.checksum, weights.content)
        // Slow enough to be killed somewhere.
        try await withHub { call in
            guard call.isStorage, call.target.contains(checksum) else { return nil }
            let start = call.rangeStart ?? 0
            var steps: [HostileServer.Step] = [
                .send(
                    "HTTP/1.1 \(start > 0 ? 206 : 200) OK\r\nContent-Length: \(content.count - start)\r\n"
                        + "Content-Range: bytes \(start)-\(content.count - 1)/\(content.count)\r\n\r\n")
            ]
            for place in stride(from: start, to: content.count, by: 4096) {
                steps += [.sendBytes(content[place..<min(place + 4096, content.count)]), .pause(.milliseconds(10))]
            }
            return steps
        } test: { hub in
            var killed = 0
            for instant in [20, 60, 150, 250, 350, 450, 550] {
                let outcome = try await Program.run(
                    ["fetch", "model", FakeHub.repository], environment: environment(hub),
                    killingAfter: .milliseconds(instant))
                if !outcome.exited { killed += 1 }
            }
            #expect(killed > 0)
            let outcome = try await fetch(hub)
            #expect(outcome.status == 0, "\(outcome.error)")
            let path = outcome.output.trimmingCharacters(in: .newlines)
            for file in files.dropLast(2) {
                #expect(FileManager.default.contents(atPath: "\(path)/\(file.name)") == file.content)
            }
        }
    }

    @Test func `failures are one line`() async throws {
        try await withHub { call in
            call.target.hasPrefix("/rows") ? HostileServer.reply(404, #"{"error":"No such dataset."}"#) : nil
        } test: { hub in
            let environment = environment(hub)
            for (arguments, word) in [
                (["model", "someone/else"], "someone/else"), (["model", "no name"], "no name"),
                (["model", FakeHub.repository, "--revision", "v9"], "v9"),
                (["model", FakeHub.repository, "--file", "b.gguf"], "tiny.gguf"), (["tasks"], "google/boolq"),
            ] {
                let outcome = try await Program.run(["fetch"] + arguments, environment: environment)
                #expect(outcome.exited && outcome.status == 1 && outcome.output.isEmpty)
                #expect(outcome.errorLines.count == 1 && outcome.error.contains(word), "\(outcome.error)")
                #expect(!outcome.error.contains(Self.token))
            }
            let offline = try await Program.run(
                ["fetch", "tasks"], environment: environment.merging(["HF_HUB_OFFLINE": "1"]) { $1 })
            #expect(offline.status == 1 && offline.error.contains("HF_HUB_OFFLINE"))
            let usage = try await Program.run(
                ["fetch", "model", FakeHub.repository, "--file", "a.bin"], environment: environment)
            #expect(usage.status == 64)
        }
    }

    @Test func `help`() async throws {
        for (arguments, words) in [
            (["fetch"], ["model", "tasks", "HF_TOKEN", "HF_HOME"]),
            (["fetch", "model"], ["--revision", "--file", "--json", "<owner/name>"]),
            (["fetch", "tasks"], ["--output", "--json", "SELFPRUNER_TASKS"]),
        ] {
            let help = try await Program.run(arguments + ["--help"])
            #expect(help.status == 0)
            for word in words { #expect(help.output.contains(word)) }
        }
    }

    /// With the real files, which `SELFPRUNER_TASKS` has: what is there is left alone, and documented.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["SELFPRUNER_TASKS"] != nil, "SELFPRUNER_TASKS is not set"))
    func `tasks that are there`() async throws {
        try await withHub { hub in
            var environment = environment(hub)
            environment["SELFPRUNER_TASKS"] = ProcessInfo.processInfo.environment["SELFPRUNER_TASKS"]
            let report = try await Program.run(["fetch", "tasks", "--json"], environment: environment).json()
            #expect(report.keys.sorted() == ["files", "folder", "seconds"])
            let files = try #require(report["files"] as? [[String: Any]])
            #expect(files.count == 7 && files.allSatisfy { $0["wasPresent"] as? Bool == true })
            #expect(files[0].keys.sorted() == ["bytes", "dataset", "name", "rows", "sha256", "task", "wasPresent"])
            #expect(hub.hubCalls.isEmpty)
            let table = try await Program.run(["fetch", "tasks"], environment: environment)
            #expect(table.output.contains("10,042") && table.output.contains("was there"))
        }
    }
}

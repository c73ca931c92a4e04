import Foundation
import Synchronization
import TestSupport
import Testing
import Transfer

@testable import Hub

let token = "hf_abcdefghijklmnop"

/// The name of the hub's model.
func repository() throws -> RepositoryName { try RepositoryName(FakeHub.repository) }

/// Everything that a model consists of, and some things that are of no use.
let modelFiles: [FakeHub.File] = [
    .init("config.json", Data(#"{"model_type": "llama"}"#.utf8)), .init("README.md", Data("# Tiny".utf8)),
    .init("tokenizer.json", FakeHub.content(5000, seed: 2), isLarge: true),
    .init("tokenizer_config.json", Data("{}".utf8)), .init("generation_config.json", Data("{ }".utf8)),
    .init("model.safetensors", FakeHub.content(300_000), isLarge: true),
    .init("pytorch_model.bin", FakeHub.content(1000, seed: 3), isLarge: true),
    .init("onnx/model.onnx", FakeHub.content(1000, seed: 4), isLarge: true),
    .init("gguf/tiny-q8_0.gguf", FakeHub.content(20_000, seed: 5), isLarge: true),
    .init(".gitattributes", Data("*.bin filter=lfs".utf8)),
]

/// A cache of its own and a hub that a test has its way with.
struct HubFixture {
    let folder: TemporaryFolder
    var configuration: HubConfiguration

    /// - Parameter url: of the hub.
    init(_ url: String, rows: String? = nil) throws {
        folder = try TemporaryFolder()
        configuration = try HubConfiguration(environment: [
            "HF_ENDPOINT": url, "HF_DATASETS_SERVER": rows ?? url, "HF_HOME": folder("home"), "HF_TOKEN": token,
            "SSL_CERT_FILE": TLSProxy.certificates,
        ])
        configuration.firstPause = .milliseconds(5)
        configuration.maximumAttempts = 3
        configuration.silence = .seconds(10)
        configuration.progressBytes = 1000
    }

    /// - Parameter progress: sees the bytes that are missing first, and then those that have come.
    @discardableResult
    func download(
        revision: String = "main", file: String? = nil, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> ModelDownload.Result {
        try await ModelDownload(repository(), revision: revision, file: file, configuration)
            .run(begin: progress, progress: progress)
    }

    /// The error of a download that must fail.
    func failure(revision: String = "main", file: String? = nil) async throws -> HubError {
        do {
            try await download(revision: revision, file: file)
        } catch let error as HubError {
            #expect(!error.description.contains(token) && !error.description.contains("secret"))
            #expect(error.description.hasSuffix(".") && !error.description.hasSuffix(".."))
            #expect(!error.description.contains("\n"))
            return error
        }
        Issue.record("the download succeeded")
        throw HubError(.badReply, "None")
    }

    func expectFailure(
        _ code: HubError.Code, revision: String = "main", file: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let error = try await failure(revision: revision, file: file)
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
    }

    var model: String { folder("home/hub/models--someone--tiny-llama") }

    var snapshot: String { "\(model)/snapshots/\(FakeHub.commit)" }

    func blob(_ file: FakeHub.File) -> String { "\(model)/blobs/\(file.checksum)" }

    /// Paths of files and links below the cache, the locks not among them.
    func contents() -> [String] {
        let root = folder("home/hub")
        return (FileManager.default.subpaths(atPath: root) ?? []).filter { path in
            var isFolder: ObjCBool = false
            // Links to folders there are none.
            _ = FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isFolder)
            return !isFolder.boolValue && !path.hasPrefix(".locks")
        }.map { $0.replacingOccurrences(of: "models--someone--tiny-llama/", with: "") }.sorted()
    }
}

func file(_ name: String, of files: [FakeHub.File] = modelFiles) throws -> FakeHub.File {
    try #require(files.first { $0.name == name })
}

/// Runs a test with a hub, which stops afterwards.
@discardableResult
func withHub<Result>(
    _ files: [FakeHub.File] = modelFiles, saysHashes: Bool = true, isEncrypted: Bool = false,
    interfere: @escaping @Sendable (FakeHub.Call) -> [HostileServer.Step]? = { _ in nil },
    test: (FakeHub, HubFixture) async throws -> Result
) async throws -> Result {
    let hub = try FakeHub(files, saysHashes: saysHashes, isEncrypted: isEncrypted, interfere: interfere)
    defer { hub.stop() }
    return try await test(hub, HubFixture(hub.url))
}

/// Numbers as they were reported.
final class Reports: Sendable {
    private let numbers = Mutex<[Int]>([])
    var all: [Int] { numbers.withLock { $0 } }
    func add(_ number: Int) { numbers.withLock { $0.append(number) } }
}

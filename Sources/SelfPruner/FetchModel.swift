import Foundation
import Hub

/// A model on the Hugging Face hub.
public struct FetchModelOptions: Sendable {
    /// `OWNER/NAME`.
    public var repository: String
    /// A branch, a tag or a commit.
    public var revision = "main"
    /// The GGUF file to get; without it, the folder with safetensors.
    public var file: String?

    public init(repository: String) { self.repository = repository }
}

/// The content of `selfpruner fetch model --json`.
public struct FetchedModel: Sendable, Codable {
    public var repository: String
    public var revision: String
    /// The commit that the revision is now.
    public var commit: String
    /// What can be opened as a model: a folder, or a GGUF file.
    public var path: String
    public var files: [File]
    public var bytes: Int
    /// Bytes that had to come over the network; the rest was there.
    public var downloadedBytes: Int
    public var seconds: Double

    public struct File: Sendable, Codable {
        public var name: String
        public var bytes: Int
        /// SHA-256 of files in Git LFS, Git's SHA-1 of others.
        public var checksum: String
    }
}

/// Downloads a model into the cache that programs of the Hugging Face hub share. `HF_HOME`, `HF_HUB_CACHE`,
/// `HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE` mean what they mean to the Python package. What came before an
/// interruption is kept, and the next call goes on from there.
/// - Throws: errors that describe themselves in a sentence; `CancellationError`.
public func fetchModel(
    _ options: FetchModelOptions, observer: some RunObserver = SilentObserver()
) async throws -> FetchedModel {
    let start = ContinuousClock.now
    let configuration = try HubConfiguration(environment: ProcessInfo.processInfo.environment)
    let repository = try RepositoryName(options.repository)
    let download = try ModelDownload(
        repository, revision: options.revision, file: options.file, configuration)
    let result = try await interruptible(by: observer) {
        defer { observer.end(note: nil) }
        return try await download.run { missing in
            observer.begin(stage: "download", total: missing, unit: "bytes")
        } progress: { bytes in
            observer.update(bytes, note: nil)
        }
    }
    return FetchedModel(
        repository: options.repository, revision: options.revision, commit: result.commit, path: result.path,
        files: result.files.map { .init(name: $0.name, bytes: $0.bytes, checksum: $0.checksum.text) },
        bytes: result.files.reduce(0) { $0 + $1.bytes }, downloadedBytes: result.downloadedBytes,
        seconds: (ContinuousClock.now - start) / .seconds(1))
}

/// Ends waiting when the user wants to stop.
/// - Throws: what `body` throws; `CancellationError`.
func interruptible<Result: Sendable>(
    by observer: some RunObserver, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            while !observer.isCancelled { try await Task.sleep(for: .milliseconds(100)) }
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let result = first else { throw CancellationError() }
        return result
    }
}

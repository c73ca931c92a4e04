import Foundation
import Hub

/// The questions of the seven zero-shot tasks.
public struct FetchTasksOptions: Sendable {
    /// Where the files go.
    public var folder = TaskFolder.default

    public init() {}
}

/// The content of `selfpruner fetch tasks --json`.
public struct FetchedTasks: Sendable, Codable {
    public var folder: String
    public var files: [File]
    public var seconds: Double

    public struct File: Sendable, Codable {
        public var task: String
        public var name: String
        /// Of the Hugging Face hub.
        public var dataset: String
        public var rows: Int
        public var bytes: Int
        public var sha256: String
        /// It was there already, with this checksum.
        public var wasPresent: Bool
    }
}

/// Downloads the validation sets of the seven tasks, one JSON object a line, in bytes that are always the same. Files
/// that are there and right are left alone.
/// - Throws: errors that describe themselves in a sentence; `CancellationError`. Files that were complete by then stay.
public func fetchTasks(
    _ options: FetchTasksOptions = .init(), observer: some RunObserver = SilentObserver()
) async throws -> FetchedTasks {
    let start = ContinuousClock.now
    let configuration = try HubConfiguration(environment: ProcessInfo.processInfo.environment)
    let download = TaskDataDownload(into: options.folder, configuration)
    let files = try await interruptible(by: observer) {
        var files: [FetchedTasks.File] = []
        for data in TaskData.standard() {
            let wasPresent = download.isPresent(data)
            if !wasPresent {
                observer.begin(stage: data.task, total: data.rows, unit: "rows")
                defer { observer.end(note: nil) }
                try await download.run(data) { observer.update($0, note: nil) }
            }
            files.append(
                .init(
                    task: data.task, name: data.file, dataset: data.dataset, rows: data.rows, bytes: data.bytes,
                    sha256: data.sha256, wasPresent: wasPresent))
        }
        return files
    }
    return FetchedTasks(
        folder: options.folder, files: files, seconds: (ContinuousClock.now - start) / .seconds(1))
}

import Foundation
import Synchronization

/// A model on the hub that is to be in the cache.
package struct ModelDownload: Sendable {
    /// What is there afterwards.
    package struct Result: Sendable {
        package struct File: Sendable {
            package var name: String
            package var bytes: Int
            package var checksum: Checksum
        }

        /// 40 hexadecimal digits.
        package var commit: String
        /// Where the model is: the snapshot's folder, or the one file.
        package var path: String
        package var files: [File]
        /// Bytes that had to come over the network.
        package var downloadedBytes: Int
    }

    private let repository: RepositoryName
    private let revision: String
    private let file: String?
    private let client: HubClient
    private let cache: HubCache

    /// - Parameters:
    ///   - revision: a branch, a tag or a commit.
    ///   - file: the one file to get; without it, configuration, tokenizer and safetensors.
    /// - Throws: `HubError.badName`.
    package init(
        _ repository: RepositoryName, revision: String, file: String?, _ configuration: HubConfiguration
    ) throws(HubError) {
        guard SafePath.isInside(revision), !revision.hasPrefix(".") else {
            throw HubError(.badName, "'\(shown(revision))' is no branch, tag or commit")
        }
        if let file, !SafePath.isInside(file) {
            throw HubError(.badName, "'\(shown(file))' is no path inside a repository")
        }
        self.repository = repository
        self.revision = revision
        self.file = file
        client = HubClient(configuration)
        cache = HubCache(configuration.cache, repository)
    }

    /// - Parameters:
    ///   - begin: called once with the bytes that are missing.
    ///   - progress: called with those of them that have come.
    /// - Throws: `HubError`, `CancellationError`. What has come stays for the next time.
    package func run(
        begin: @escaping @Sendable (_ missing: Int) -> Void, progress: @escaping @Sendable (_ bytes: Int) -> Void
    ) async throws -> Result {
        let listing = try await client.listing(repository, revision)
        try cache.makeFolders()
        var files: [Result.File] = []
        var downloaded = 0
        if let file {
            files = [try await complete(ModelFiles.named(file, in: listing, repository), listing.commit)]
        } else {
            var chosen = try ModelFiles.descriptions(in: listing, repository)
            // The index says which weights there are, so it comes first.
            var index: Data?
            if let listed = chosen.first(where: { $0.name == ModelFiles.index }) {
                let file = try await complete(listed, listing.commit)
                guard file.bytes <= ModelFiles.longestIndex else {
                    throw HubError(.tooLarge, "The file \(file.name) of \(repository) has \(file.bytes) bytes")
                }
                downloaded += try await get([file], listing.commit) { _ in }
                index = FileManager.default.contents(atPath: cache.blob(file.checksum)) ?? Data()
            }
            chosen += try ModelFiles.weights(in: listing, index: index, repository)
            for file in chosen { files.append(try await complete(file, listing.commit)) }
        }
        var missing = 0
        for file in Self.distinct(files) { missing += try file.bytes - blob(file, listing.commit).bytesPresent }
        if let free = cache.freeBytes, missing > free {
            throw HubError(
                .noSpace,
                "\(repository) needs \(missing) bytes more on a disk that has \(free) left; HF_HOME names another")
        }
        begin(missing)
        downloaded += try await get(files, listing.commit, progress)
        for file in files { try cache.link(file.name, in: listing.commit, to: file.checksum) }
        // Last, so that a branch never names a snapshot that is not whole.
        if revision != listing.commit { try cache.record(revision, is: listing.commit) }
        let snapshot = cache.snapshot(listing.commit)
        return Result(
            commit: listing.commit, path: file.map { "\(snapshot)/\($0)" } ?? snapshot, files: files,
            downloadedBytes: downloaded)
    }

    /// Adds what the listing does not say.
    private func complete(_ file: RepositoryListing.File, _ commit: String) async throws -> Result.File {
        if let size = file.size, let checksum = file.checksum {
            return Result.File(name: file.name, bytes: size, checksum: checksum)
        }
        let (size, checksum) = try await client.properties(of: file.name, repository, commit)
        return Result.File(name: file.name, bytes: size, checksum: checksum)
    }

    private func blob(
        _ file: Result.File, _ commit: String, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws(HubError) -> BlobDownload {
        BlobDownload(
            client: client, cache: cache, address: try client.fileAddress(file.name, repository, commit),
            checksum: file.checksum, size: file.bytes, what: "the file \(shown(file.name)) of \(repository)",
            progress: progress)
    }

    /// Files of the same content are one blob.
    private static func distinct(_ files: [Result.File]) -> [Result.File] {
        var seen: Set<String> = []
        return files.filter { seen.insert($0.checksum.text).inserted }
    }

    /// - Returns: bytes that had to come.
    private func get(
        _ files: [Result.File], _ commit: String, _ progress: @escaping @Sendable (Int) -> Void
    ) async throws -> Int {
        var done = 0
        for file in Self.distinct(files) {
            let before = done
            let present = try blob(file, commit).bytesPresent
            try await blob(file, commit) { progress(before + max(0, $0 - present)) }.run()
            done += file.bytes - present
        }
        return done
    }
}

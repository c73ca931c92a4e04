import Foundation

/// One repository in the cache that programs on this machine share
/// (https://huggingface.co/docs/hub/local-cache).
///
/// ```
/// models--OWNER--NAME/blobs/<checksum>                 contents; <checksum>.incomplete while they come
/// models--OWNER--NAME/snapshots/<commit>/config.json   a link to ../../blobs/<checksum>
/// models--OWNER--NAME/refs/main                        the commit
/// .locks/models--OWNER--NAME/<checksum>.lock           locked by whoever writes that content
/// ```
struct HubCache: Sendable {
    private let folder: String
    private let locks: String

    init(_ root: String, _ repository: RepositoryName) {
        folder = "\(root)/\(repository.folder)"
        locks = "\(root)/.locks/\(repository.folder)"
    }

    func blob(_ checksum: Checksum) -> String { "\(folder)/blobs/\(checksum.text)" }

    func partialBlob(_ checksum: Checksum) -> String { blob(checksum) + ".incomplete" }

    func snapshot(_ commit: String) -> String { "\(folder)/snapshots/\(commit)" }

    /// - Throws: `HubError` `notWritable`.
    func makeFolders() throws(HubError) {
        for path in ["\(folder)/blobs", "\(folder)/refs", "\(folder)/snapshots", locks] {
            try FileNames.makeFolder(path)
        }
    }

    /// Waits until nobody else writes this content; the lock ends with the result.
    /// - Throws: `HubError`, `CancellationError`.
    func lock(_ checksum: Checksum) async throws -> SystemFile {
        let file = try SystemFile("\(locks)/\(checksum.text).lock")
        try await file.lock()
        return file
    }

    /// Puts a blob that is there into a snapshot.
    /// - Parameter name: a path inside a folder.
    /// - Throws: `HubError`.
    func link(_ name: String, in commit: String, to checksum: Checksum) throws(HubError) {
        precondition(SafePath.isInside(name))
        let path = "\(snapshot(commit))/\(name)"
        try FileNames.makeFolder((path as NSString).deletingLastPathComponent)
        let depth = 2 + name.utf8.count { $0 == UInt8(ascii: "/") }
        let target = String(repeating: "../", count: depth) + "blobs/\(checksum.text)"
        try FileNames.link(path, to: target)
    }

    /// - Parameter revision: a path inside a folder, which is how branches are called.
    /// - Throws: `HubError`.
    func record(_ revision: String, is commit: String) throws(HubError) {
        precondition(SafePath.isInside(revision))
        let path = "\(folder)/refs/\(revision)"
        try FileNames.makeFolder((path as NSString).deletingLastPathComponent)
        if let current = FileManager.default.contents(atPath: path), current == Data(commit.utf8) { return }
        try FileNames.replace(path, Data(commit.utf8))
    }

    /// Bytes that the disk has left, if it says so.
    var freeBytes: Int? {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
        let bytes = attributes?[.systemFreeSize]
        return (bytes as? NSNumber)?.intValue ?? (bytes as? UInt64).map { Int(clamping: $0) }
    }
}

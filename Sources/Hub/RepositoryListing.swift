import Foundation
import Transfer

/// What a repository holds at a revision.
struct RepositoryListing: Sendable {
    struct File: Sendable, Equatable {
        var name: String
        /// `nil` where the listing does not say; then the file itself is asked.
        var size: Int?
        var checksum: Checksum?
    }

    /// Bytes that no file has: sums of sizes stay numbers.
    static let largestFile = 1 << 42

    /// 40 hexadecimal digits.
    var commit: String
    var files: [File]

    func file(_ name: String) -> File? { files.first { $0.name == name } }

    /// - Parameter repository: for sentences.
    /// - Throws: `HubError`: `badReply`, `unsafeName`.
    init(json: Data, repository: RepositoryName) throws(HubError) {
        guard let info = try? JSONDecoder().decode(ModelInfo.self, from: json) else {
            throw HubError(.badReply, "What the hub says of \(repository) is not the JSON of a model")
        }
        guard let commit = info.sha, SafePath.isHexadecimal(commit, digits: 40) else {
            throw HubError(.badReply, "What the hub says of \(repository) names no commit")
        }
        self.commit = commit
        files = []
        for sibling in info.siblings ?? [] {
            guard SafePath.isInside(sibling.rfilename) else {
                throw HubError(
                    .unsafeName,
                    "\(repository) lists a file '\(shown(sibling.rfilename))', which is no path inside a folder")
            }
            let size = sibling.lfs?.size ?? sibling.size
            guard (0...Self.largestFile).contains(size ?? 0) else {
                throw HubError(.badReply, "\(repository) lists '\(shown(sibling.rfilename))' with \(size ?? 0) bytes")
            }
            files.append(
                File(
                    name: sibling.rfilename, size: size,
                    checksum: (sibling.lfs?.sha256 ?? sibling.blobId).flatMap { Checksum($0) }))
        }
    }
}

/// The reply to `/api/models/OWNER/NAME/revision/REVISION?blobs=true`, as far as it is read.
private struct ModelInfo: Decodable {
    struct Sibling: Decodable {
        var rfilename: String
        var size: Int?
        var blobId: String?
        var lfs: Pointer?
    }

    struct Pointer: Decodable {
        var sha256: String?
        var size: Int?
    }

    var sha: String?
    var siblings: [Sibling]?
}

extension HubClient {
    /// - Throws: `HubError`, `CancellationError`.
    func listing(_ repository: RepositoryName, _ revision: String) async throws -> RepositoryListing {
        let path = "api/models/\(repository)/revision/\(SafePath.escaped(revision))?blobs=true"
        let json = try await fetch(
            try address(path), "the model \(repository), revision \(shown(revision))")
        return try RepositoryListing(json: json, repository: repository)
    }

    /// Size and checksum of one file, of servers whose listings lack them.
    /// - Throws: `HubError`, `CancellationError`.
    func properties(
        of name: String, _ repository: RepositoryName, _ commit: String
    ) async throws -> (size: Int, checksum: Checksum) {
        let what = "the file \(shown(name)) of \(repository)"
        let address = try fileAddress(name, repository, commit)
        var persistence = Persistence(configuration)
        while true {
            do throws(Failure) {
                // Its headers are those of the hub and not of the storage that it redirects to.
                let head = try await send(.head, address, what, limit: 0, staysHere: true).head
                guard let checksum = (head["x-linked-etag"] ?? head["etag"]).flatMap({ Checksum(entityTag: $0) }),
                    let size = (head["x-linked-size"] ?? head["content-length"]).flatMap({ Int($0) }),
                    (0...RepositoryListing.largestFile).contains(size)
                else {
                    throw Failure(HubError(.badReply, "The hub does not say how large \(what) is, or not its checksum"))
                }
                return (size, checksum)
            } catch {
                try await persistence.pause(after: error)
            }
        }
    }

    func fileAddress(_ name: String, _ repository: RepositoryName, _ commit: String) throws(HubError) -> URL {
        try address("\(repository)/resolve/\(commit)/\(SafePath.escaped(name, keepingSlashes: true))")
    }

    /// - Parameter path: below the endpoint, escaped.
    func address(_ path: String) throws(HubError) -> URL {
        guard let url = URL(string: "\(configuration.endpoint.absoluteString)/\(path)") else {
            throw HubError(.badSetting, "HF_ENDPOINT cannot be put together with a path")
        }
        return url
    }
}

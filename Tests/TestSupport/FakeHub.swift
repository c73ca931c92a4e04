import Foundation
import Transfer

/// A hub with one model, and its storage on another host, as the real one has it: both speak HTTP on loopback.
package final class FakeHub: Sendable {
    package struct File: Sendable {
        package var name: String
        package var content: Data
        /// Kept by Git LFS: the hub redirects to the storage.
        package var isLarge: Bool

        package init(_ name: String, _ content: Data, isLarge: Bool = false) {
            (self.name, self.content, self.isLarge) = (name, content, isLarge)
        }

        package var checksum: String {
            isLarge
                ? Digest.hexadecimal(.sha256, of: content)
                : Digest.hexadecimal(.sha1, of: Array("blob \(content.count)\0".utf8) + content)
        }
    }

    /// A request to one of the two.
    package struct Call: Sendable {
        package var isStorage: Bool
        /// From 0, of each server.
        package var number: Int
        package var method: String
        /// With the query.
        package var target: String
        /// Names are in lower case.
        package var headers: [String: String]

        init(_ request: HostileServer.Request, isStorage: Bool) {
            self.isStorage = isStorage
            number = request.number
            let lines = request.head.components(separatedBy: "\r\n")
            let words = (lines.first ?? "").components(separatedBy: " ")
            method = words[0]
            target = words.count > 1 ? words[1] : ""
            headers = [:]
            for line in lines.dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { continue }
                headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                    in: .whitespaces)
            }
        }

        /// The first byte of the part that is asked for.
        package var rangeStart: Int? {
            headers["range"].flatMap { Int($0.dropFirst("bytes=".count).prefix { $0 != "-" }) }
        }
    }

    package static let commit = "0123456789abcdef0123456789abcdef01234567"
    package static let repository = "someone/tiny-llama"

    private let hub: HostileServer
    private let storage: HostileServer

    package var url: String { hub.url }
    package var hubCalls: [Call] { hub.requests.map { Call($0, isStorage: false) } }
    package var storageCalls: [Call] { storage.requests.map { Call($0, isStorage: true) } }
    /// All requests as they came, the tokens in them included.
    package var hubHeads: String { hub.requests.map(\.head).joined(separator: "\n") }
    package var storageHeads: String { storage.requests.map(\.head).joined(separator: "\n") }

    /// - Parameters:
    ///   - saysHashes: the list of files has sizes and checksums.
    ///   - isEncrypted: both speak TLS.
    ///   - interfere: answers in place of the hub or the storage, unless it is `nil`.
    package init(
        _ files: [File], saysHashes: Bool = true, isEncrypted: Bool = false,
        interfere: @escaping @Sendable (Call) -> [HostileServer.Step]? = { _ in nil }
    ) throws {
        let contents = Dictionary(files.map { ($0.checksum, $0.content) }) { first, _ in first }
        let storage = try HostileServer(isEncrypted: isEncrypted) { request in
            let call = Call(request, isStorage: true)
            if let steps = interfere(call) { return steps }
            guard let content = contents[String(call.target.dropFirst("/storage/".count).prefix { $0 != "?" })] else {
                return HostileServer.reply(404, "")
            }
            return Self.part(of: content, call)
        }
        self.storage = storage
        hub = try HostileServer(isEncrypted: isEncrypted) { request in
            let call = Call(request, isStorage: false)
            return interfere(call) ?? Self.answer(call, files, saysHashes: saysHashes, storage: storage.url)
        }
    }

    package func stop() {
        hub.stop()
        storage.stop()
    }

    /// The JSON of a list of files.
    package static func listing(_ files: [File], saysHashes: Bool = true) -> String {
        let siblings = files.map { file -> [String: Any] in
            guard saysHashes else { return ["rfilename": file.name] }
            // Files in LFS have the checksum of their pointer as their blob's.
            let pointer = ["sha256": file.checksum, "size": file.content.count, "pointerSize": 130] as [String: Any]
            let blob = file.isLarge ? String(repeating: "ab", count: 20) : file.checksum
            return ["rfilename": file.name, "size": file.content.count, "blobId": blob]
                .merging(file.isLarge ? ["lfs": pointer] : [:]) { $1 }
        }
        let model: [String: Any] = [
            "id": repository, "sha": commit, "private": false, "gated": false, "siblings": siblings,
        ]
        let data = (try? JSONSerialization.data(withJSONObject: model, options: .withoutEscapingSlashes)) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }

    /// A whole content, or the part of it that a request asks for.
    package static func part(of content: Data, _ call: Call, headers: [String] = []) -> [HostileServer.Step] {
        var (status, part, range) = (200, content, "")
        if let text = call.headers["range"], let start = call.rangeStart {
            let end = Int(text.drop { $0 != "-" }.dropFirst()).map { $0 + 1 } ?? content.count
            guard start < content.count, end <= content.count, start < end else {
                return HostileServer.reply(416, "", headers: ["Content-Range: bytes */\(content.count)"])
            }
            part = content[start..<end]
            (status, range) = (206, "Content-Range: bytes \(start)-\(end - 1)/\(content.count)\r\n")
        }
        let head =
            "HTTP/1.1 \(status) Whatever\r\nContent-Length: \(part.count)\r\nConnection: close\r\n\(range)"
            + headers.map { "\($0)\r\n" }.joined() + "\r\n"
        return [.send(head)] + (call.method == "HEAD" ? [] : [.sendBytes(part)])
    }

    private static func answer(
        _ call: Call, _ files: [File], saysHashes: Bool, storage: String
    ) -> [HostileServer.Step] {
        for revision in ["main", commit, "refs%2Fpr%2F1"]
        where call.target == "/api/models/\(repository)/revision/\(revision)?blobs=true" {
            return HostileServer.reply(200, listing(files, saysHashes: saysHashes))
        }
        let folder = "/\(repository)/resolve/\(commit)/"
        if call.target.hasPrefix("/api/models/\(repository)/") {
            return HostileServer.reply(
                404, #"{"error":"Invalid rev id"}"#, headers: ["X-Error-Code: RevisionNotFound"])
        }
        guard call.target.hasPrefix(folder) else {
            return HostileServer.reply(
                404, #"{"error":"Repository not found"}"#, headers: ["X-Error-Code: RepoNotFound"])
        }
        let name = call.target.dropFirst(folder.count).removingPercentEncoding ?? ""
        guard let file = files.first(where: { $0.name == name }) else {
            return HostileServer.reply(404, "Entry not found", headers: ["X-Error-Code: EntryNotFound"])
        }
        guard file.isLarge else {
            return part(of: file.content, call, headers: ["ETag: \"\(file.checksum)\"", "X-Repo-Commit: \(commit)"])
        }
        return HostileServer.reply(
            302, "",
            headers: [
                "Location: \(storage)/storage/\(file.checksum)?X-Signature=secret", "ETag: \"anything\"",
                "X-Linked-Etag: \"\(file.checksum)\"", "X-Linked-Size: \(file.content.count)",
                "X-Repo-Commit: \(commit)",
            ])
    }
}

extension FakeHub {
    /// Bytes that look like nothing in particular.
    package static func content(_ count: Int, seed: UInt64 = 1) -> Data {
        var state = seed
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes.append(UInt8(truncatingIfNeeded: state >> 33))
        }
        return Data(bytes)
    }
}

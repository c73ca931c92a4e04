import Foundation
import Synchronization
import Transfer

/// The part of a blob that is there, which grows at its end, and the digest of it.
final class BlobWriter: Sendable {
    private struct State {
        var have: Int
        var digest: Digest
        var failure: HubError?
    }

    let size: Int
    private let checksum: Checksum
    private let file: SystemFile
    private let progress: @Sendable (Int) -> Void
    private let state: Mutex<State>

    /// Goes on with what is there of an earlier download.
    /// - Parameters:
    ///   - size: bytes of the whole blob.
    ///   - progress: called with the bytes that are there.
    /// - Throws: `HubError` `notWritable`.
    init(
        _ path: String, _ checksum: Checksum, size: Int, progress: @escaping @Sendable (Int) -> Void
    ) throws(HubError) {
        self.size = size
        self.checksum = checksum
        self.progress = progress
        let file = try SystemFile(path)
        var digest = checksum.digest(size: size)
        var have = 0
        if try file.size() > size {
            try file.truncate(to: 0)
        } else {
            try file.read { bytes in
                digest.update(bytes)
                have += bytes.count
                return true
            }
        }
        self.file = file
        state = Mutex(State(have: have, digest: digest))
        progress(have)
    }

    var have: Int { state.withLock { $0.have } }

    /// Why writing failed, if it did.
    var failure: HubError? { state.withLock { $0.failure } }

    var isWhole: Bool { have == size }

    /// Whether the content is the right one; asked when it is whole.
    var isRight: Bool { state.withLock { $0.digest.hexadecimal() } == checksum.text }

    /// - Returns: `false` if it cannot be written, or is more than the blob has.
    func append(_ bytes: Data) -> Bool {
        let have: Int? = state.withLock { state in
            guard state.failure == nil, bytes.count <= size - state.have else { return nil }
            let offset = state.have
            var failure: HubError?
            bytes.withUnsafeBytes { buffer in
                do throws(HubError) { try file.store(buffer, at: offset) } catch { failure = error }
                if failure == nil { state.digest.update(buffer) }
            }
            state.failure = failure
            guard failure == nil else { return nil }
            state.have += bytes.count
            return state.have
        }
        if let have { progress(have) }
        return have != nil
    }

    /// From the start again.
    /// - Throws: `HubError` `notWritable`.
    func restart() throws(HubError) {
        try file.truncate(to: 0)
        state.withLock {
            $0.have = 0
            $0.digest = checksum.digest(size: size)
        }
        progress(0)
    }

    /// Returns when the content is on the disk.
    /// - Throws: `HubError` `notWritable`.
    func synchronise() throws(HubError) { try file.synchronise() }
}

/// Takes one reply with a blob, or with the rest of it.
final class BlobReceiver: HTTPReceiver {
    private struct State {
        var isOpen = true
        var refusal: String?
    }

    private let writer: BlobWriter
    private let start: Int
    private let state = Mutex(State())

    init(_ writer: BlobWriter) {
        self.writer = writer
        start = writer.have
    }

    /// What is wrong with the reply, in words that go after "… sent".
    var refusal: String? { state.withLock { $0.refusal } }

    func begin(_ head: HTTPHead) -> Int? {
        guard head.status == 200 || head.status == 206 else { return nil }
        return state.withLock { state in
            guard state.isOpen else { return 0 }
            if let refusal = judge(head) {
                state.refusal = refusal
                return 0
            }
            return writer.size - writer.have
        }
    }

    private func judge(_ head: HTTPHead) -> String? {
        if let encoding = head["content-encoding"], encoding.lowercased() != "identity" {
            return "it encoded as \(shown(encoding)), which was not asked for"
        }
        guard head.status == 206 else {
            if let length = head["content-length"], Int(length) != writer.size {
                return "\(shown(length)) bytes in place of \(writer.size)"
            }
            // The whole file, from a server that does not know of parts.
            do throws(HubError) {
                if writer.have > 0 { try writer.restart() }
                return nil
            } catch {
                return "it from the start, which \(error.message)"
            }
        }
        let range = head["content-range"] ?? ""
        let expected = "bytes \(start)-\(writer.size - 1)/"
        guard range == expected + "\(writer.size)" || range == expected + "*" else {
            return "the wrong part of it (\(shown(range)) in place of \(expected)\(writer.size))"
        }
        return nil
    }

    func take(_ bytes: Data) -> Bool {
        state.withLock { $0.isOpen && $0.refusal == nil && writer.append(bytes) }
    }

    /// A late thread of an exchange that has ended writes no more.
    func close() { state.withLock { $0.isOpen = false } }
}

import Foundation
import Synchronization

/// The exchanges of a run, in a file of JSON lines that only grows. A line is on the disk when `append` returns.
package final class ChatRecord: Sendable {
    package let path: String
    private let descriptor: Int32
    private let contents: Mutex<Contents>

    private struct Contents {
        var exchanges: [ChatExchange.Identity: ChatExchange] = [:]
        /// Length of the file; -1 when a line is in it that could not be taken back.
        var bytes = 0
    }

    /// Opens a record, or makes a new one. A line that was not finished when an earlier program ended is removed.
    /// - Throws: `ChatError.recordNotUsable`.
    package init(path: String) throws(ChatError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure("cannot be opened", path) }
        do throws(ChatError) {
            let read = try ChatExchange.read(try Self.bytes(of: path), path: path)
            guard ftruncate(descriptor, off_t(read.bytes)) == 0 else { throw Self.failure("cannot be written", path) }
            let pairs = read.exchanges.map { ($0.identity, $0) }
            contents = Mutex(
                Contents(exchanges: Dictionary(pairs, uniquingKeysWith: { first, _ in first }), bytes: read.bytes))
        } catch {
            close(descriptor)
            throw error
        }
        self.path = path
        self.descriptor = descriptor
    }

    /// An empty record in a file that is open already.
    init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
        contents = Mutex(Contents())
    }

    deinit { close(descriptor) }

    /// What all exchanges cost.
    var usage: ChatUsage {
        contents.withLock { contents in
            contents.exchanges.values.reduce(into: ChatUsage()) { $0.count($1) }
        }
    }

    package var count: Int { contents.withLock { $0.exchanges.count } }

    func exchange(_ identity: ChatExchange.Identity) -> ChatExchange? {
        contents.withLock { $0.exchanges[identity] }
    }

    /// - Throws: `ChatError.recordNotUsable`; the record is then as it was before, unless the disk is broken.
    func append(_ exchange: ChatExchange) throws(ChatError) {
        let line = try exchange.line()
        try contents.withLock { (contents) throws(ChatError) in
            guard contents.bytes >= 0 else { throw Self.failure("has a broken last line", path) }
            guard put(line), fsync(descriptor) == 0 else {
                let failure = Self.failure("cannot be written", path)
                if ftruncate(descriptor, off_t(contents.bytes)) != 0 { contents.bytes = -1 }
                throw failure
            }
            contents.bytes += line.count
            contents.exchanges[exchange.identity] = exchange
        }
    }

    private func put(_ line: Data) -> Bool {
        line.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }

    /// - Throws: `ChatError.recordNotUsable`.
    static func bytes(of path: String) throws(ChatError) -> Data {
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure("cannot be read", path) }
        // Reading a pipe or a device might not end.
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ChatError(.recordNotUsable, "The chat record \(path) is not a regular file")
        }
        do { return try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
            throw ChatError(.recordNotUsable, "The chat record \(path) cannot be read")
        }
    }

    private static func failure(_ what: String, _ path: String) -> ChatError {
        let reason = String(cString: strerror(errno))
        return ChatError(.recordNotUsable, "The chat record \(path) \(what) (\(reason))")
    }
}

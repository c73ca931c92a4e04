import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that is written from some place on, or locked; closed at the end of its life. Child processes do not inherit
/// it.
final class SystemFile: Sendable {
    let path: String
    private let descriptor: Int32

    /// Opens it for reading and writing; it is made if it is not there.
    /// - Throws: `HubError` `notWritable`.
    init(_ path: String) throws(HubError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        if descriptor < 0 { throw Self.failure(path) }
    }

    deinit {
        _ = flock(descriptor, LOCK_UN)
        _ = close(descriptor)
    }

    /// Bytes of the file.
    func size() throws(HubError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.failure(path) }
        return Int(status.st_size)
    }

    /// - Parameter take: called with piece after piece from the start; `false` ends it.
    func read(_ take: (UnsafeRawBufferPointer) -> Bool) throws(HubError) {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset = 0
        while true {
            let count = pread(descriptor, &buffer, buffer.count, off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure(path) }
            if count == 0 { return }
            offset += count
            guard buffer.withUnsafeBytes({ take(UnsafeRawBufferPointer(rebasing: $0[..<count])) }) else { return }
        }
    }

    func store(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(HubError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(path) }
            done += count
        }
    }

    func truncate(to length: Int) throws(HubError) {
        guard ftruncate(descriptor, off_t(length)) == 0 else { throw Self.failure(path) }
    }

    /// Returns when the content is on the disk.
    func synchronise() throws(HubError) {
        guard fsync(descriptor) == 0 else { throw Self.failure(path) }
    }

    /// Waits for the file's lock (`flock`, as the Python package has it), which ends with this object or the process.
    /// - Throws: `HubError`, `CancellationError`.
    func lock() async throws {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            // File systems without locks have to do without.
            if errno == ENOLCK || errno == ENOSYS || errno == ENOTSUP { return }
            guard errno == EWOULDBLOCK || errno == EINTR else { throw Self.failure(path) }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    static func failure(_ path: String) -> HubError {
        let number = errno
        return HubError(
            number == ENOSPC || number == EDQUOT ? .noSpace : .notWritable,
            "\(path) cannot be written: \(String(cString: strerror(number)))")
    }
}

/// What happens to names rather than to contents.
enum FileNames {
    /// - Throws: `HubError` `notWritable`.
    static func makeFolder(_ path: String) throws(HubError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw HubError(.notWritable, "The folder \(path) cannot be made: \(reason(error))")
        }
    }

    /// Whether files can be made in a folder that is there.
    /// - Throws: `HubError` `notWritable`.
    static func checkWritable(folder path: String) throws(HubError) {
        guard access(path, W_OK | X_OK) == 0 else { throw SystemFile.failure(path) }
    }

    /// In one step: what was there is there until the new one is.
    static func move(_ path: String, to destination: String) throws(HubError) {
        guard rename(path, destination) == 0 else { throw SystemFile.failure(destination) }
    }

    /// A symbolic link, in place of whatever is there.
    static func link(_ path: String, to target: String) throws(HubError) {
        let current = try? FileManager.default.destinationOfSymbolicLink(atPath: path)
        if current == target { return }
        let partial = "\(path).link-\(ProcessInfo.processInfo.processIdentifier)"
        _ = unlink(partial)
        guard symlink(target, partial) == 0 else { throw SystemFile.failure(path) }
        do throws(HubError) {
            try move(partial, to: path)
        } catch {
            _ = unlink(partial)
            throw error
        }
    }

    static func remove(_ path: String) { _ = unlink(path) }

    /// Writes a whole file: either its old or its new content is there at every moment.
    static func replace(_ path: String, _ bytes: Data) throws(HubError) {
        let partial = "\(path).partial-\(ProcessInfo.processInfo.processIdentifier)"
        do throws(HubError) {
            let file = try SystemFile(partial)
            try file.truncate(to: 0)
            // (A closure's typed errors are lost in `withUnsafeBytes` of Data.)
            let content = [UInt8](bytes)
            var failure: HubError?
            content.withUnsafeBytes { buffer in
                do throws(HubError) { try file.store(buffer, at: 0) } catch { failure = error }
            }
            if let failure { throw failure }
            try file.synchronise()
            try move(partial, to: path)
        } catch {
            remove(partial)
            throw error
        }
    }

    /// Bytes of a file that is there, following links.
    static func size(_ path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    private static func reason(_ error: any Error) -> String {
        var cause = error as NSError
        while cause.domain != NSPOSIXErrorDomain, let next = cause.userInfo[NSUnderlyingErrorKey] as? any Error {
            cause = next as NSError
        }
        if cause.domain == NSPOSIXErrorDomain {
            return String(cString: strerror(Int32(truncatingIfNeeded: cause.code)))
        }
        return cause.localizedDescription
    }
}

import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A call to the system that failed.
struct SystemFailure: Error {
    let number: Int32

    init(_ number: Int32 = errno) { self.number = number }

    var reason: String { String(cString: strerror(number)) }
}

/// Calls again while a signal interrupts, and throws what else fails.
@discardableResult
private func call<Result: SignedInteger>(_ body: () -> Result) throws(SystemFailure) -> Result {
    while true {
        let result = body()
        if result >= 0 { return result }
        if errno != EINTR { throw SystemFailure() }
    }
}

/// An open file, closed at the end of its life. Child processes do not inherit it.
final class OpenFile: Sendable {
    enum Access {
        case read
        /// Created if it does not exist.
        case readAndWrite
        /// Created if it does not exist, emptied if it does.
        case replace
    }

    private let descriptor: Int32

    init(_ path: String, _ access: Access) throws(SystemFailure) {
        // Not blocking matters where the path is a named pipe, which is refused below; files do not know it.
        let flags =
            switch access {
            case .read: O_RDONLY | O_NONBLOCK
            case .readAndWrite: O_RDWR | O_CREAT | O_NONBLOCK
            case .replace: O_RDWR | O_CREAT | O_TRUNC | O_NONBLOCK
            }
        descriptor = try call { open(path, flags | O_CLOEXEC, 0o644) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemFailure() }
        if status.st_mode & S_IFMT == S_IFDIR { throw SystemFailure(EISDIR) }
        if status.st_mode & S_IFMT != S_IFREG { throw SystemFailure(EINVAL) }
    }

    deinit {
        // A child that was forked and has not yet started its program shares the descriptor, and would keep the lock.
        _ = flock(descriptor, LOCK_UN)
        _ = close(descriptor)
    }

    /// All bytes from the start.
    func contents() throws(SystemFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try call { pread(descriptor, &chunk, chunk.count, off_t(bytes.count)) }
            if count == 0 { return bytes }
            bytes += chunk[..<min(count, chunk.count)]
        }
    }

    func store(_ bytes: [UInt8], at offset: Int) throws(SystemFailure) {
        var done = 0
        while done < bytes.count {
            let count = try call {
                bytes[done...].withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset + done)) }
            }
            if count == 0 { throw SystemFailure(EIO) }
            done += count
        }
    }

    func truncate(to length: Int) throws(SystemFailure) {
        try call { ftruncate(descriptor, off_t(length)) }
    }

    /// Returns when the content is on the disk.
    func synchronise() throws(SystemFailure) {
        #if canImport(Darwin)
            // fsync leaves data in the drive's cache there. Some file systems have nothing better.
            if fcntl(descriptor, F_FULLFSYNC) == 0 { return }
        #endif
        try call { fsync(descriptor) }
    }

    /// Takes the file's lock, which ends with this object or the process.
    /// - Returns: false if someone else has it, in this process or another.
    func lock() throws(SystemFailure) -> Bool {
        do {
            try call { flock(descriptor, LOCK_EX | LOCK_NB) }
            return true
        } catch {
            if error.number == EWOULDBLOCK { return false }
            throw error
        }
    }

    /// Whether the path still leads to this file.
    func isStill(at path: String) -> Bool {
        var mine = stat()
        var there = stat()
        guard fstat(descriptor, &mine) == 0, stat(path, &there) == 0 else { return false }
        return mine.st_dev == there.st_dev && mine.st_ino == there.st_ino
    }
}

/// What happens to names rather than to contents.
enum FileSystem {
    enum Kind {
        case nothing, folder, other
    }

    /// - Throws: if the system does not say, for example for a folder on the way that may not be searched.
    static func kind(_ path: String) throws(SystemFailure) -> Kind {
        var status = stat()
        if stat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR ? .folder : .other }
        if errno == ENOENT { return .nothing }
        throw SystemFailure()
    }

    /// Makes one folder, unless it is there.
    static func makeFolder(_ path: String) throws(SystemFailure) {
        do { try call { mkdir(path, 0o755) } } catch { if error.number != EEXIST { throw error } }
        try synchroniseFolder((path as NSString).deletingLastPathComponent)
    }

    /// Returns when the folder's names are on the disk.
    static func synchroniseFolder(_ path: String) throws(SystemFailure) {
        let descriptor = try call { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        defer { _ = close(descriptor) }
        do { try call { fsync(descriptor) } } catch {
            // Some file systems cannot do this to a folder; their names are then as durable as they get.
            if error.number != EINVAL && error.number != ENOTSUP { throw error }
        }
    }

    /// Writes a whole file: either its old or its new content is there at every moment.
    static func replace(_ path: String, _ bytes: [UInt8], partial: String) throws(SystemFailure) {
        do {
            let file = try OpenFile(partial, .replace)
            try file.store(bytes, at: 0)
            try file.synchronise()
            try call { rename(partial, path) }
        } catch {
            _ = unlink(partial)
            throw error
        }
        try synchroniseFolder((path as NSString).deletingLastPathComponent)
    }
}

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A file's bytes, read-only: a regular file mapped into memory, read-only, for as long as this object lives.
///
/// The file must not shrink meanwhile: touching a page past its new end is a fault that no reader can catch.
package final class MappedFile: @unchecked Sendable {  // Immutable: nothing is written after `init`.
    package let path: String
    private let base: UnsafeRawPointer?
    private let isMapped: Bool
    package let count: Int

    /// - Throws: `CheckpointError`: `.notFound`, `.notACheckpoint` (not a regular file) or `.unreadable`.
    package init(path: String) throws(CheckpointError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let cause = errno
            if cause == ENOENT || cause == ENOTDIR { throw CheckpointError(.notFound, "no such file", file: path) }
            throw CheckpointError(.unreadable, "cannot open: \(Self.text(of: cause))", file: path)
        }
        defer { close(descriptor) }

        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw CheckpointError(.unreadable, "cannot examine: \(Self.text(of: errno))", file: path)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw CheckpointError(.notACheckpoint, "is not a regular file", file: path)
        }
        let length = Int(status.st_size)
        var address: UnsafeMutableRawPointer?
        if length > 0 {  // An empty mapping is an error to mmap.
            address = mmap(nil, length, PROT_READ, MAP_PRIVATE, descriptor, 0)
            guard address != MAP_FAILED else {
                throw CheckpointError(.unreadable, "cannot map into memory: \(Self.text(of: errno))", file: path)
            }
        }
        self.path = path
        base = UnsafeRawPointer(address)
        count = length
        isMapped = true
    }

    /// A copy of bytes that are in memory already, under a name to call them by.
    init(_ contents: [UInt8], path: String) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: contents.count, alignment: 64)
        copy.copyBytes(from: contents)
        self.path = path
        base = UnsafeRawPointer(copy.baseAddress)
        count = contents.count
        isMapped = false
    }

    deinit {
        guard let base else { return }
        if isMapped { munmap(UnsafeMutableRawPointer(mutating: base), count) } else { base.deallocate() }
    }

    /// The bytes `[offset, offset + length)`, valid while `self` lives; `nil` when they are not all in the file.
    package func bytes(at offset: Int, count length: Int) -> UnsafeRawBufferPointer? {
        guard offset >= 0, length >= 0, offset <= count, length <= count - offset else { return nil }
        return UnsafeRawBufferPointer(start: base.map { $0 + offset }, count: length)
    }

    /// A little-endian integer at any alignment; `nil` past the end.
    package func integer<T: FixedWidthInteger>(at offset: Int, as type: T.Type) -> T? {
        bytes(at: offset, count: MemoryLayout<T>.size).map { T(littleEndian: $0.loadUnaligned(as: type)) }
    }

    /// A copy of some bytes; `nil` when they are not all in the file.
    package func copy(at offset: Int, count length: Int) -> [UInt8]? {
        withExtendedLifetime(self) { bytes(at: offset, count: length).map { Array($0) } }
    }

    private static func text(of code: Int32) -> String { String(cString: strerror(code)) }
}

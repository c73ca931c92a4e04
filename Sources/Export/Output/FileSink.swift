import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file written from start to end and flushed to the disk before it counts.
final class FileSink {
    private let path: String
    private var descriptor: Int32

    init(_ path: String) throws(ExportError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw failure() }
    }

    deinit { if descriptor >= 0 { _ = Self.closeDescriptor(descriptor) } }

    func append(_ bytes: UnsafeRawBufferPointer) throws(ExportError) {
        var rest = bytes
        while !rest.isEmpty {
            let written = Self.writeBytes(descriptor, rest.baseAddress!, min(rest.count, 1 << 30))
            if written < 0 {
                if errno == EINTR { continue }
                throw failure()
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    func close() throws(ExportError) {
        if fsync(descriptor) != 0 { throw failure() }
        let result = Self.closeDescriptor(descriptor)
        descriptor = -1
        if result != 0 { throw failure() }
    }

    private func failure() -> ExportError {
        ExportError(.notWritable, "The file cannot be written: \(String(cString: strerror(errno)))", path: path)
    }

    // The methods above hide the functions of the same name.
    private static func closeDescriptor(_ descriptor: Int32) -> Int32 { closeFile(descriptor) }

    private static func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        write(descriptor, bytes, count)
    }
}

private func closeFile(_ descriptor: Int32) -> Int32 { close(descriptor) }

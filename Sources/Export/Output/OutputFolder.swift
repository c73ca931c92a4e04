import Foundation

/// A folder that appears whole or not at all: files are written beside the destination, flushed to the disk and moved
/// into place in one step; in two where it replaces a folder, which is beside it (`….old`) between them.
package struct OutputFolder {
    package let destination: String
    /// Where files are written until `publish`.
    package let path: String
    private let overwrites: Bool

    /// - Parameter overwrite: an existing folder that is not empty may be replaced.
    /// - Throws: `ExportError` `exists` or `notWritable`.
    package init(_ destination: String, overwrite: Bool) throws(ExportError) {
        try Self.check(destination, overwrite: overwrite)
        let url = Self.location(destination)
        self.destination = url.path
        overwrites = overwrite
        let parent = url.deletingLastPathComponent()
        let number = ProcessInfo.processInfo.processIdentifier
        path = parent.appendingPathComponent(".\(url.lastPathComponent).partial-\(number)").path
        do {
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        } catch {
            throw ExportError(.notWritable, "The folder cannot be made: \(Self.reason(error))", path: destination)
        }
    }

    /// Whether `init` would refuse; asked before hours of work.
    /// - Throws: `ExportError` `exists`.
    package static func check(_ destination: String, overwrite: Bool) throws(ExportError) {
        var isFolder: ObjCBool = false
        let path = location(destination).path
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
        guard isFolder.boolValue else {
            throw ExportError(.exists, "This is a file; the output is a folder", path: destination)
        }
        let contents = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        guard contents.isEmpty || overwrite else {
            throw ExportError(
                .exists, "The folder is not empty; name another or say --overwrite to replace it", path: destination)
        }
    }

    /// Absolute and without `..`, so that what is checked is what is replaced; an empty path is the current folder.
    private static func location(_ destination: String) -> URL {
        URL(fileURLWithPath: destination).standardizedFileURL
    }

    /// Writes one file and flushes it.
    /// - Throws: `ExportError.notWritable`.
    package func write(_ name: String, _ bytes: some ContiguousBytes) throws {
        let file = try FileSink(path + "/" + name)
        try bytes.withUnsafeBytes { try file.append($0) }
        try file.close()
    }

    /// - Throws: `ExportError.notWritable`.
    package func makeFolder(_ name: String) throws(ExportError) {
        do {
            try FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
        } catch {
            throw ExportError(
                .notWritable, "The folder cannot be made: \(Self.reason(error))", path: destination + "/" + name)
        }
    }

    /// Moves the folder to its destination. What others have put there since the beginning stays, unless it may be
    /// overwritten.
    /// - Throws: `ExportError.notWritable`; the destination is then as it was.
    package func publish() throws(ExportError) {
        let aside = path + ".old"
        let files = FileManager.default
        // A link to an empty folder cannot be renamed over.
        let isLink = (try? files.destinationOfSymbolicLink(atPath: destination)) != nil
        guard isLink || overwrites && files.fileExists(atPath: destination) else {
            // Onto nothing or an empty folder, by POSIX.
            if rename(path, destination) == 0 { return }
            throw failure(String(cString: strerror(errno)))
        }
        do {
            try files.moveItem(atPath: destination, toPath: aside)
            try files.moveItem(atPath: path, toPath: destination)
            try? files.removeItem(atPath: aside)
        } catch {
            if !files.fileExists(atPath: destination) { try? files.moveItem(atPath: aside, toPath: destination) }
            throw failure(Self.reason(error))
        }
    }

    private func failure(_ reason: String) -> ExportError {
        ExportError(.notWritable, "The finished folder cannot be moved into place: \(reason)", path: destination)
    }

    /// Removes what was written.
    package func discard() { try? FileManager.default.removeItem(atPath: path) }

    static func reason(_ error: any Error) -> String {
        (error as NSError).localizedFailureReason ?? (error as NSError).localizedDescription
    }
}

import Foundation

/// A file that appears whole or not at all: written beside the destination and moved into place in one step.
package struct OutputFile {
    package let destination: String
    /// What is written until `publish`.
    package let path: String

    /// - Parameter overwrite: an existing file may be replaced.
    /// - Throws: `ExportError` `exists` or `notWritable`.
    package init(_ destination: String, overwrite: Bool) throws(ExportError) {
        let url = URL(fileURLWithPath: destination).standardizedFileURL
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) {
            if isFolder.boolValue {
                throw ExportError(.exists, "This is a folder; the output is a file", path: destination)
            }
            if !overwrite {
                throw ExportError(
                    .exists, "The file exists; name another or say --overwrite to replace it", path: destination)
            }
        }
        self.destination = url.path
        let parent = url.deletingLastPathComponent()
        let number = ProcessInfo.processInfo.processIdentifier
        path = parent.appendingPathComponent(".\(url.lastPathComponent).partial-\(number)").path
        do {
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        } catch {
            throw ExportError(
                .notWritable, "Its folder cannot be made: \(OutputFolder.reason(error))", path: destination)
        }
    }

    /// - Throws: `ExportError.notWritable`; the destination is then as it was.
    package func publish() throws(ExportError) {
        guard rename(path, destination) == 0 else {
            throw ExportError(
                .notWritable, "The finished file cannot be moved into place: \(String(cString: strerror(errno)))",
                path: destination)
        }
    }

    /// Removes what was written.
    package func discard() { try? FileManager.default.removeItem(atPath: path) }
}

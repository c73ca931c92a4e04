import Foundation

/// The lock on a run folder: a file that is locked for the life of the object and names the process that has it.
///
/// The file stays when the lock ends; were it deleted, two processes could each lock a file of this name.
final class FolderLock: Sendable {
    private let file: OpenFile
    private let isMine: Bool

    /// - Throws: `JournalError` `inUse` or `notWritable`.
    init(_ path: String, folder: String) throws(JournalError) {
        do {
            file = try OpenFile(path, .readAndWrite)
            isMine = try file.lock()
        } catch {
            throw JournalError(.notWritable, "The run folder cannot be locked: \(error.reason)", file: folder)
        }
        guard isMine else {
            let holder = Self.holder(path).map { "process \($0)" } ?? "another process"
            throw JournalError(.inUse, "The run folder is in use by \(holder)", file: folder)
        }
        guard file.isStill(at: path) else {
            throw JournalError(.inUse, "The run folder is being deleted by another process", file: folder)
        }
        // For whoever is refused; the lock holds without it, so a full disk does not matter here.
        try? file.truncate(to: 0)
        try? file.store(Array("\(ProcessInfo.processInfo.processIdentifier)\n".utf8), at: 0)
    }

    /// Also for whoever was refused, to whom the number in the file does not belong.
    deinit { if isMine { try? file.truncate(to: 0) } }

    /// The process that a lock file names; nil if the lock ended properly.
    static func holder(_ path: String) -> Int32? {
        guard let bytes = try? OpenFile(path, .read).contents() else { return nil }
        let text = String(decoding: bytes.prefix(32), as: UTF8.self)
        guard let number = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)), number > 0 else { return nil }
        return number
    }
}

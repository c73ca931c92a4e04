import Foundation

/// The folder of one run: its identity, its journals and whatever else belongs to it, used by one process at a time.
///
/// | file | what |
/// |---|---|
/// | `run.json` | format, version and identity: the settings that decide what the run does. Replaced whole. |
/// | `journal.jsonl` | the events (`JournalFile`) |
/// | `lock` | locked while a process works on the run; its process number, empty when none does |
///
/// Other files are the caller's. A folder in which only `lock` and a half-written `run.json` are is an unfinished start
/// and is taken over.
package final class RunFolder: Sendable {
    /// Absolute.
    package let path: String
    /// Whether this opening made the run.
    package let isNew: Bool
    /// What the identity has otherwise than the last time, all of it among the keys that may change.
    package let changes: [SettingDifference]
    private let lock: FolderLock

    static let runName = "run.json"
    static let partialName = "run.json.partial"
    static let lockName = "lock"
    package static let journalName = "journal.jsonl"

    /// Continues the run in a folder, or starts one where there is none or an empty folder. Its parent must exist.
    ///
    /// - Parameters:
    ///   - identity: what must be equal for a run to be continued; encodes as a JSON object.
    ///   - mayChange: keys that need not be equal, nested ones joined by dots. A key stands for all below it. The
    ///     folder then has the new identity.
    /// - Throws: `JournalError` `inUse`, `otherRun`, `notWritable`, `corrupt` or `unknownVersion`. A run that was there
    ///   is then as it was.
    package init(_ path: String, identity: some Encodable, mayChange: [String] = []) throws(JournalError) {
        let folder = Self.absolute(path)
        let wanted: JSONValue
        do { wanted = try JSONValue(identity) } catch {
            let reason = JournalCoding.reason(error)
            throw JournalError(.notWritable, "The settings cannot be written as JSON: \(reason)", file: folder)
        }
        try Self.prepare(folder)
        self.path = folder
        lock = try FolderLock("\(folder)/\(Self.lockName)", folder: folder)

        guard let present = try Self.identity(folder) else {
            try Self.write(wanted, folder)
            isNew = true
            changes = []
            return
        }
        let differences = SettingDifference.between(present, wanted)
        let forbidden = differences.filter { difference in
            !mayChange.contains { difference.key == $0 || difference.key.hasPrefix("\($0).") }
        }
        guard forbidden.isEmpty else {
            let list = forbidden.prefix(8).map(\.description).joined(separator: ", ")
            let more = forbidden.count > 8 ? ", and \(forbidden.count - 8) more" : ""
            throw JournalError(
                .otherRun,
                "The folder holds a run with other settings: \(list)\(more); delete that folder, name another with --run, "
                    + "or repeat the earlier settings", file: folder)
        }
        if !differences.isEmpty { try Self.write(wanted, folder) }
        isNew = false
        changes = differences
    }

    /// Opens a journal of the run; the folder stays locked for as long as the journal lives.
    /// - Throws: `JournalError`, as `JournalFile.init`; `inUse` if it is open already.
    package func journal<Event: Codable & Sendable>(
        of event: Event.Type, named name: String = RunFolder.journalName
    ) throws(JournalError) -> JournalFile<Event> {
        try JournalFile(file(name), owner: self)
    }

    /// The path of another file of the run, whether it exists or not.
    package func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes another file of the run; its old or its new content is there at every moment.
    /// - Throws: `JournalError.notWritable`.
    package func replace(_ name: String, with bytes: some Sequence<UInt8>) throws(JournalError) {
        do { try FileSystem.replace(file(name), Array(bytes), partial: file("\(name).partial")) } catch {
            throw JournalError(.notWritable, "The file cannot be written: \(error.reason)", file: file(name))
        }
    }

    /// Absolute and without `..`; an empty path is the current folder.
    static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }

    /// Makes the folder, or sees that it is a run's, an unfinished start or empty. Writes nothing into a foreign one.
    private static func prepare(_ folder: String) throws(JournalError) {
        let names: [String]
        do {
            switch try FileSystem.kind(folder) {
            case .other:
                throw JournalError(.notWritable, "This is a file; a run needs a folder", file: folder)
            case .nothing:
                let parent = (folder as NSString).deletingLastPathComponent
                guard try FileSystem.kind(parent) == .folder else {
                    throw JournalError(.notWritable, "The folder to make it in does not exist", file: folder)
                }
                try FileSystem.makeFolder(folder)
            case .folder: break
            }
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch let error as JournalError {
            throw error
        } catch let error as SystemFailure {
            throw JournalError(.notWritable, "The run folder cannot be made: \(error.reason)", file: folder)
        } catch {
            let reason = (error as NSError).localizedFailureReason ?? error.localizedDescription
            throw JournalError(.notReadable, "The run folder cannot be read: \(reason)", file: folder)
        }
        guard names.contains(runName) || Set(names).isSubset(of: [lockName, partialName]) else {
            throw JournalError(.notWritable, "The folder is not empty and holds no run; name another", file: folder)
        }
    }
}

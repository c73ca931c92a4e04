import Foundation

/// A run at one moment, as someone sees it who does not work on it.
package struct RunSnapshot<Identity: Sendable, Event: Sendable>: Sendable {
    package let path: String
    package let identity: Identity
    /// The whole events at that moment.
    package let events: [Event]
    /// The process that works on the run on this machine, as far as can be told without asking for the lock.
    package let process: Int32?
}

extension RunFolder {
    /// Reads identity and events while another process may be writing; takes no lock and changes nothing.
    /// - Throws: `JournalError` `notReadable`, `corrupt` or `unknownVersion`.
    package static func peek<Identity: Decodable & Sendable, Event: Codable & Sendable>(
        _ path: String, identity: Identity.Type, event: Event.Type
    ) throws(JournalError) -> RunSnapshot<Identity, Event> {
        let folder = absolute(path)
        guard let value = try self.identity(folder) else {
            throw JournalError(.notReadable, "There is no run in this folder", file: folder)
        }
        let identity: Identity
        do {
            identity = try JournalCoding.decoder().decode(Identity.self, from: JournalCoding.encoder().encode(value))
        } catch {
            let reason = JournalCoding.reason(error)
            throw JournalError(
                .corrupt, "The run's settings are not those of this program: \(reason)", file: "\(folder)/\(runName)")
        }
        // A run that was just made has no journal yet.
        let journal = "\(folder)/\(journalName)"
        let exists = (try? FileSystem.kind(journal)) != .nothing
        let events: [Event] = exists ? try JournalFile<Event>.read(journal) : []
        // Signal 0 only asks whether there is such a process.
        let holder = FolderLock.holder("\(folder)/\(lockName)").flatMap { number in
            kill(number, 0) == 0 || errno == EPERM ? number : nil
        }
        return RunSnapshot(path: folder, identity: identity, events: events, process: holder)
    }
}

import Foundation
import Synchronization

/// A file of events, one JSON line each, that only grows.
///
/// An event is on the disk when `append` returns. Whatever ends the process, the file then holds the events appended
/// so far and perhaps the start of one more, which the next opening cuts off. The file is locked (`flock`) for the life
/// of the object. The format is in `JournalLine` and `JournalHeader`. Calls from several threads are taken in turn.
package final class JournalFile<Event: Codable & Sendable>: Sendable {
    package let path: String
    /// What opening the file cut off: an append that was interrupted.
    package let torn: TornTail?

    private struct State {
        var events: [Event]
        /// Bytes of the whole lines.
        var length: Int
        /// Bytes of a failed append may follow `length`.
        var hasRemains = false
    }

    private let file: OpenFile
    private let state: Mutex<State>
    /// Keeps the folder's lock for as long as the journal is in use.
    private let owner: (any Sendable)?

    /// Opens a journal and reads all of it, or starts one.
    /// - Throws: `JournalError` `notWritable`, `inUse`, `corrupt` or `unknownVersion`; the file is then as it was.
    package convenience init(_ path: String) throws(JournalError) { try self.init(path, owner: nil) }

    init(_ path: String, owner: (any Sendable)?) throws(JournalError) {
        self.path = path
        self.owner = owner
        let bytes: [UInt8]
        do {
            file = try OpenFile(path, .readAndWrite)
            guard try file.lock() else { throw JournalError(.inUse, "The journal is in use", file: path) }
            bytes = try file.contents()
        } catch let error as SystemFailure {
            throw JournalError(.notWritable, "The journal cannot be opened: \(error.reason)", file: path)
        } catch let error as JournalError {
            throw error
        } catch {
            throw JournalError(.notWritable, "The journal cannot be opened: \(error)", file: path)
        }
        let contents = try JournalContents<Event>(bytes, file: path)
        // An empty file has no torn line, but no header either.
        torn = contents.torn
        state = Mutex(State(events: contents.events, length: contents.length, hasRemains: contents.torn != nil))
        try state.withLock { (state) throws(JournalError) in
            if state.length == 0 {
                try store(JournalHeader.line, &state)
                try synchroniseFolder()
            } else if state.hasRemains {
                try store([], &state)
            }
        }
    }

    /// All events: those that were there, then those appended, in order.
    package var events: [Event] { state.withLock { $0.events } }

    /// Writes an event and returns when it is on the disk.
    /// - Throws: `JournalError.notWritable`. The event is then not part of the journal, which stays usable.
    package func append(_ event: Event) throws(JournalError) {
        let payload: Data
        do { payload = try JournalCoding.encoder().encode(event) } catch {
            let reason = JournalCoding.reason(error)
            throw JournalError(.notWritable, "The event cannot be written as JSON: \(reason)", file: path)
        }
        let line = JournalLine.encode(payload, .event)
        try state.withLock { (state) throws(JournalError) in
            try store(line, &state)
            state.events.append(event)
        }
    }

    /// Adds whole lines behind the whole lines, or leaves these as they are.
    private func store(_ lines: [UInt8], _ state: inout State) throws(JournalError) {
        do {
            if state.hasRemains { try file.truncate(to: state.length) }
            state.hasRemains = true
            try file.store(lines, at: state.length)
            try file.synchronise()
        } catch {
            restore(&state)
            throw JournalError(.notWritable, "The journal cannot be written: \(error.reason)", file: path)
        }
        // Writing to a deleted file succeeds, but nobody will find the event again.
        guard file.isStill(at: path) else {
            restore(&state)
            throw JournalError(.notWritable, "The journal was deleted or replaced by another file", file: path)
        }
        state.hasRemains = false
        state.length += lines.count
    }

    /// Takes back what a failed append wrote; if that fails too, the next append does it first.
    private func restore(_ state: inout State) {
        do {
            try file.truncate(to: state.length)
            state.hasRemains = false
        } catch { state.hasRemains = true }
    }

    private func synchroniseFolder() throws(JournalError) {
        do { try FileSystem.synchroniseFolder((path as NSString).deletingLastPathComponent) } catch {
            throw JournalError(.notWritable, "The journal's folder cannot be written: \(error.reason)", file: path)
        }
    }
}

extension JournalFile {
    /// The whole events of a journal that another process may be writing; takes no lock and changes nothing.
    /// - Throws: `JournalError` `notReadable`, `corrupt` or `unknownVersion`.
    package static func read(_ path: String) throws(JournalError) -> [Event] {
        // A line that is taken back and written anew while it is read can look damaged once, not three times.
        for _ in 0..<2 {
            do { return try readOnce(path) } catch {
                if error.code != .corrupt { throw error }
                usleep(10_000)
            }
        }
        return try readOnce(path)
    }

    private static func readOnce(_ path: String) throws(JournalError) -> [Event] {
        let bytes: [UInt8]
        do { bytes = try OpenFile(path, .read).contents() } catch {
            throw JournalError(.notReadable, "The journal cannot be read: \(error.reason)", file: path)
        }
        return try JournalContents<Event>(bytes, file: path).events
    }
}

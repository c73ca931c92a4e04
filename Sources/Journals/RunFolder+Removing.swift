import Foundation

extension RunFolder {
    /// Names of the run's files, but for the lock and what is half-written.
    /// - Throws: `JournalError.notReadable`.
    package var files: [String] {
        get throws(JournalError) {
            do {
                return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
                    .filter { $0 != Self.lockName && !$0.hasSuffix(".partial") }
            } catch {
                throw JournalError(.notReadable, "The run folder cannot be read: \(error)", file: path)
            }
        }
    }

    /// Removes the run. Nothing can be kept of it afterwards.
    package func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// Removes the run if this opening made it and no event was written.
    package func removeIfUnused() {
        guard isNew, (try? files)?.allSatisfy({ [Self.runName, Self.journalName].contains($0) }) == true else { return }
        let journal = FileManager.default.contents(atPath: file(Self.journalName)) ?? Data()
        // The header is the first line.
        if journal.split(separator: JournalLine.newline).count <= 1 { remove() }
    }
}

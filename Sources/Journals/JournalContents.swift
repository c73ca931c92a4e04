import Foundation

/// The last line of a journal whose append was interrupted.
package struct TornTail: Equatable, Sendable {
    /// Line of the journal, from 1.
    package let line: Int
    package let bytes: Int
}

/// What the bytes of a journal say.
struct JournalContents<Event: Decodable> {
    var events: [Event] = []
    /// Bytes of the whole lines from the start; 0 if not even the header is whole.
    var length = 0
    /// What follows `length`.
    var torn: TornTail?

    /// Reads all lines. Only the last may be incomplete or have a wrong checksum; it is then `torn`.
    /// - Throws: `JournalError` `corrupt` or `unknownVersion`, with the line.
    init(_ bytes: [UInt8], file: String) throws(JournalError) {
        let decoder = JournalCoding.decoder()
        var number = 0
        while length < bytes.count {
            number += 1
            let end = bytes[length...].firstIndex(of: JournalLine.newline)
            let line = bytes[length..<(end ?? bytes.count)]
            if number == 1 {
                if try JournalHeader.check(line, isWhole: end != nil, file: file) == .torn { break }
            } else if end == nil {
                break
            } else if let payload = JournalLine.payload(line, .event) {
                do { events.append(try decoder.decode(Event.self, from: Data(payload))) } catch {
                    let reason = JournalCoding.reason(error)
                    throw JournalError(
                        .corrupt, "The line is not an event of this journal: \(reason)", file: file, line: number)
                }
            } else {
                if line.endIndex + 1 == bytes.count, !JournalLine.holdsSeveral(line) { break }
                throw JournalError(
                    .corrupt, "The line is damaged: its checksum does not match", file: file, line: number)
            }
            length += line.count + 1
        }
        if length < bytes.count { torn = TornTail(line: number, bytes: bytes.count - length) }
    }
}

/// The first line of a journal. Its form stays the same in all versions.
struct JournalHeader: Codable {
    enum State {
        case whole, torn
    }

    static let format = "selfpruner journal"
    static let version = 1

    var format = Self.format
    var version = Self.version

    /// `{"crc32":"…","header":{"format":"selfpruner journal","version":1}}` and a newline.
    static let line = JournalLine.encode(#"{"format":"\#(format)","version":\#(version)}"#.utf8, .header)

    /// - Parameter line: the first line without newline.
    /// - Returns: `torn` if the file's very first write was interrupted, so that there is no journal yet.
    static func check(_ line: ArraySlice<UInt8>, isWhole: Bool, file: String) throws(JournalError) -> State {
        if !isWhole {
            // Some file systems leave zeros where data did not reach the disk.
            var written = line
            while written.last == 0 { written.removeLast() }
            if Self.line.starts(with: written) { return .torn }
        }
        guard isWhole, let payload = JournalLine.payload(line, .header),
            let header = try? JSONDecoder().decode(Self.self, from: Data(payload)), header.format == format
        else { throw JournalError(.corrupt, "This is not a journal, or its header is damaged", file: file, line: 1) }
        guard header.version == version else {
            throw JournalError(
                .unknownVersion, "The journal has version \(header.version); this program reads version \(version)",
                file: file, line: 1)
        }
        return .whole
    }
}

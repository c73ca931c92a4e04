/// What is wrong with a run folder or its journal, in one sentence.
package struct JournalError: Error, CustomStringConvertible, Equatable {
    package enum Code: String, Sendable {
        /// Another process works on this run.
        case inUse
        /// The folder or file cannot be read or written: read-only, full disk, no such place.
        case notWritable, notReadable
        /// A journal that is not one of ours, or damaged in the middle.
        case corrupt
        /// A journal or run folder of a later version of this program.
        case unknownVersion
        /// The run was made with other settings.
        case otherRun
    }

    package var code: Code
    /// A sentence without its final stop.
    package var message: String
    package var file: String
    /// Line of the journal, from 1.
    package var line: Int?

    package init(_ code: Code, _ message: String, file: String, line: Int? = nil) {
        self.code = code
        self.message = message
        self.file = file
        self.line = line
    }

    package var description: String {
        "\(message) (\(file)\(line.map { ", line \($0)" } ?? ""))."
    }
}

import Foundation
import Transfer

/// A file of questions as zero-shot tasks read it: one JSON object a line.
package struct TaskData: Sendable, Decodable {
    package let task: String
    package let file: String
    /// Where the questions come from: a dataset on the hub, its configuration and its split.
    package let dataset: String
    let config: String
    let split: String
    package let rows: Int
    package let bytes: Int
    /// Of the whole file, in hexadecimal.
    package let sha256: String
    /// Fields of a row, in the order of the file.
    let fields: [String]
    /// Fields of an object in a row.
    let members: [String]?

    /// Those of the seven tasks: `task-data.json`, which `Scripts/make-task-data` reads too.
    package static func standard() -> [TaskData] {
        guard let all = try? JSONDecoder().decode([TaskData].self, from: Data(PackageResources.task_data_json)) else {
            preconditionFailure("task-data.json is not what TaskData says it is")
        }
        return all
    }

    /// What is wrong with the content of a file, in words that go after the file's name; `nil` when it is the right one.
    func flaw(in content: [UInt8]) -> String? {
        let rows = content.count { $0 == 0x0A }
        if rows != self.rows { return "has \(rows) rows in place of \(self.rows)" }
        let found = Digest.hexadecimal(.sha256, of: content)
        return found == sha256 ? nil : "has \(rows) rows, but other content: its SHA-256 is \(found.prefix(12))…"
    }
}

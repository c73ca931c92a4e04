import Foundation

/// The objects of a file with one JSON object a line.
enum JSONLines {
    /// Bytes of the longest line: more than a hundred times those of the longest question.
    static let longestLine = 1 << 20

    /// - Parameter limit: at most this many objects; what lies behind them is not read.
    /// - Returns: the objects with their line numbers, from 1. Lines of white space are left out.
    /// - Throws: `TaskError`: `unreadable`, or what is wrong with the first line that is not sound.
    static func read(
        _ path: String, limit: Int? = nil
    ) throws(TaskError) -> [(line: Int, value: DocumentValue)] {
        let data = try contents(path)
        let decoder = JSONDecoder()
        var values: [(line: Int, value: DocumentValue)] = []
        var start = data.startIndex
        var number = 0
        while start < data.endIndex, values.count < limit ?? .max {
            number += 1
            // A line is looked for no further than it may go.
            let window = data[start..<min(data.endIndex, start + longestLine + 1)]
            guard let end = window.firstIndex(of: 0x0A) ?? (window.endIndex == data.endIndex ? data.endIndex : nil),
                end - start <= longestLine
            else {
                throw TaskError(
                    .lineTooLong, "The line is longer than \(longestLine) bytes", file: path, line: number)
            }
            if let value = try parse(data[start..<end], decoder, path, number) { values.append((number, value)) }
            start = end + 1
        }
        return values
    }

    /// The bytes of a file behind its byte-order mark, if it has one.
    /// - Throws: `TaskError.unreadable`.
    static func contents(_ path: String) throws(TaskError) -> Data {
        var isFolder = ObjCBool(false)
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
            throw TaskError(.unreadable, "There is no such file", file: path)
        }
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            throw TaskError(.unreadable, "The file cannot be read", file: path)
        }
        return data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data
    }

    private static func parse(
        _ bytes: Data, _ decoder: JSONDecoder, _ path: String, _ number: Int
    ) throws(TaskError) -> DocumentValue? {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw TaskError(.badEncoding, "The line is not UTF-8", file: path, line: number)
        }
        if text.utf8.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) { return nil }
        guard let value = try? decoder.decode(DocumentValue.self, from: bytes) else {
            throw TaskError(.badJSON, "The line is not JSON", file: path, line: number)
        }
        guard case .mapping = value else {
            throw TaskError(.badJSON, "The line is JSON, but no object", file: path, line: number)
        }
        return value
    }
}

import Foundation
import TestSupport
import Testing
import Transfer

@testable import Hub

/// A service of rows of one dataset.
struct RowsFixture {
    let data: TaskData
    let content: Data

    /// - Parameter rows: of a dataset with the fields `id`, `question` and `choices`.
    init(rows count: Int = 250) throws {
        let lines = (0..<count).map { row in
            #"{"id": \#(row), "question": "Käse \"\#(row)\"?\n", "choices": {"text": ["a", "ü/b"], "label": ["A", "B"]}}"#
        }
        content = Data(lines.map { $0 + "\n" }.joined().utf8)
        data = try JSONDecoder().decode(
            TaskData.self,
            from: Data(
                #"""
                {"task": "tiny", "file": "tiny.jsonl", "dataset": "some one/tiny", "config": "default",
                 "split": "validation", "rows": \#(count), "bytes": \#(content.count),
                 "sha256": "\#(Digest.hexadecimal(.sha256, of: content))", "fields": ["id", "question", "choices"],
                 "members": ["text", "label"]}
                """#.utf8))
    }

    /// The reply to a request for rows: those of the file, but in other spelling.
    static func page(
        _ call: FakeHub.Call, of content: Data, _ change: (inout [String: Any]) -> Void = { _ in }
    ) -> [HostileServer.Step] {
        page(call, of: content.split(separator: 0x0A), change)
    }

    static func page(
        _ call: FakeHub.Call, of lines: [Data], _ change: (inout [String: Any]) -> Void = { _ in }
    ) -> [HostileServer.Step] {
        let query = URLComponents(string: call.target)?.queryItems ?? []
        let number = { (name: String) in query.first { $0.name == name }?.value.flatMap { Int($0) } ?? 0 }
        let (first, count) = (number("offset"), number("length"))
        let rows = lines.dropFirst(first).prefix(count).enumerated().map { index, line -> [String: Any] in
            [
                "row_idx": first + index, "truncated_cells": [String](),
                "row": (try? JSONSerialization.jsonObject(with: Data(line))) ?? NSNull(),
            ]
        }
        var body: [String: Any] = [
            "features": [[String: Any]](), "rows": rows, "num_rows_total": lines.count, "num_rows_per_page": 100,
            "partial": false,
        ]
        change(&body)
        let json = (try? JSONSerialization.data(withJSONObject: body)) ?? Data()
        return HostileServer.reply(200, String(decoding: json, as: UTF8.self))
    }
}

struct TaskDataTests {
    /// What Python 3.11 writes: `json.dumps([…], ensure_ascii=False)`.
    @Test func `strings as Python writes them`() throws {
        let text =
            "q \" b \\ s / \t\n\r\u{8}\u{C} \u{0}\u{1}\u{1F}\u{7F}\u{80} caf\u{E9} cafe\u{301} \u{2028} \u{1F600}"
        let expected =
            #"{"a": "q \" b \\ s / \t\n\r\b\f \u0000\u0001\u001f"#
            + "\u{7F}\u{80} caf\u{E9} cafe\u{301} \u{2028} \u{1F600}"
            + #"", "b": [true, false, null, -7, 0.5, []], "c": {"y": {"y": 1}}}"# + "\n"
        var writer = PythonJSON()
        let row: [String: RowValue] = [
            "c": .mapping(["y": .mapping(["y": .integer(1)]), "z": .null]), "a": .text(text), "unused": .null,
            "b": .list([.flag(true), .flag(false), .null, .integer(-7), .number(0.5), .list([])]),
        ]
        try writer.appendLine(row, fields: ["a", "b", "c"], members: ["y"])
        #expect(writer.bytes == Array(expected.utf8))
        #expect(throws: PythonJSON.Misfit.self) { try writer.appendLine(row, fields: ["a", "d"], members: []) }
    }

    @Test func `the manifest`() throws {
        let all = TaskData.standard()
        #expect(
            all.map(\.task) == [
                "boolq", "piqa", "hellaswag", "winogrande", "arc_easy", "arc_challenge", "openbookqa",
            ])
        for data in all {
            #expect(data.file == "\(data.task == "winogrande" ? "winogrande_xl" : data.task)_validation.jsonl")
            #expect(SafePath.isHexadecimal(data.sha256, digits: 64) && data.rows > 0 && data.bytes > data.rows)
            #expect(data.fields.contains("choices") == (data.members != nil))
        }
        #expect(all.reduce(0) { $0 + $1.rows } == 17_786)
    }

    private func download(
        _ rows: RowsFixture, _ url: String, into folder: TemporaryFolder, progress: @Sendable (Int) -> Void = { _ in }
    ) async throws {
        let configuration = try HubFixture(url).configuration
        try await TaskDataDownload(into: folder("tasks"), configuration).run(rows.data, progress: progress)
    }

    @Test func `rows become the very bytes`() async throws {
        let (rows, folder, reports) = (try RowsFixture(), try TemporaryFolder(), Reports())
        let hub = try FakeHub([], interfere: { RowsFixture.page($0, of: rows.content) })
        defer { hub.stop() }
        try await download(rows, hub.url, into: folder) { reports.add($0) }
        #expect(try folder.data("tasks/tiny.jsonl") == rows.content)
        #expect(try folder.contents("tasks") == ["tiny.jsonl"])
        #expect(reports.all == [100, 200, 250])
        #expect(
            hub.hubCalls.map(\.target)
                == [0, 100, 200].map {
                    "/rows?dataset=some%20one%2Ftiny&config=default&split=validation&offset=\($0)&length=100"
                })
        let present = TaskDataDownload(into: folder("tasks"), try HubFixture(hub.url).configuration)
        #expect(present.isPresent(rows.data))
        try folder.write("tasks/tiny.jsonl", rows.content.dropLast() + Data(" ".utf8))
        #expect(!present.isPresent(rows.data))
    }

    @Test(.enabled(if: geteuid() != 0, "root may write anywhere"))
    func `a folder that cannot be written to is named before anything is asked`() async throws {
        let (rows, folder) = (try RowsFixture(), try TemporaryFolder())
        let hub = try FakeHub([], interfere: { RowsFixture.page($0, of: rows.content) })
        defer { hub.stop() }
        let path = folder("tasks")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        #expect(chmod(path, 0o555) == 0)
        let error = await #expect(throws: HubError.self) { try await download(rows, hub.url, into: folder) }
        #expect(error?.code == .notWritable && error?.message.contains(path) == true)
        #expect(hub.hubCalls.isEmpty)
    }

    @Test func `storms pass`() async throws {
        let (rows, folder) = (try RowsFixture(), try TemporaryFolder())
        let hub = try FakeHub(
            [],
            interfere: { call in
                switch call.number {
                case 1: HostileServer.reply(429, "", headers: ["Retry-After: 0"])
                case 2: [.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"rows\":"), .reset]
                case 4: HostileServer.reply(503, #"{"error":"busy"}"#)
                default: RowsFixture.page(call, of: rows.content)
                }
            })
        defer { hub.stop() }
        try await download(rows, hub.url, into: folder)
        #expect(try folder.data("tasks/tiny.jsonl") == rows.content)
    }

    /// What may be wrong with the second page.
    enum Damage: String, CaseIterable, Sendable {
        case noJSON, otherTotal, partial, fewer, order, truncated, missingField, missingMember, otherText, none404

        var code: HubError.Code {
            switch self {
            case .otherTotal, .otherText: .checksum
            case .none404: .notFound
            default: .badReply
            }
        }

        func apply(_ call: FakeHub.Call, _ content: Data) -> [HostileServer.Step] {
            if self == .none404 { return HostileServer.reply(404, #"{"error":"The dataset does not exist."}"#) }
            if self == .noJSON { return HostileServer.reply(200, "<html></html>") }
            return RowsFixture.page(call, of: content) { body in
                var rows = body["rows"] as? [[String: Any]] ?? []
                var row = rows[7]["row"] as? [String: Any] ?? [:]
                switch self {
                case .otherTotal: body["num_rows_total"] = 251
                case .partial: body["partial"] = true
                case .fewer: rows.removeLast()
                case .order: rows.swapAt(3, 4)
                case .truncated: rows[3]["truncated_cells"] = ["question"]
                case .missingField: row["question"] = nil
                case .missingMember: row["choices"] = ["text": ["a"]]
                case .otherText: row["question"] = "Other?"
                case .noJSON, .none404: break
                }
                if [.missingField, .missingMember, .otherText].contains(self) { rows[7]["row"] = row }
                body["rows"] = rows
            }
        }
    }

    @Test(arguments: Damage.allCases) func `what is not right is not kept`(damage: Damage) async throws {
        let (rows, folder) = (try RowsFixture(), try TemporaryFolder())
        let hub = try FakeHub(
            [],
            interfere: { call in
                call.target.contains("offset=100")
                    ? damage.apply(call, rows.content) : RowsFixture.page(call, of: rows.content)
            })
        defer { hub.stop() }
        try folder.write("tasks/tiny.jsonl", Data("old".utf8))
        do {
            try await download(rows, hub.url, into: folder)
            Issue.record("the download succeeded")
        } catch let error as HubError {
            #expect(error.code == damage.code, "\(error)")
            #expect(error.message.contains("some one/tiny"))
        }
        #expect(try folder.contents("tasks") == ["tiny.jsonl"])
        #expect(try folder.data("tasks/tiny.jsonl") == Data("old".utf8))
    }

    /// The real files, from the folder that `SELFPRUNER_TASKS` names, through a service of rows.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["SELFPRUNER_TASKS"] != nil, "SELFPRUNER_TASKS is not set"))
    func `the real files`() async throws {
        let source = try #require(ProcessInfo.processInfo.environment["SELFPRUNER_TASKS"])
        let folder = try TemporaryFolder()
        for data in TaskData.standard() {
            let content = try Data(contentsOf: URL(fileURLWithPath: "\(source)/\(data.file)"))
            let lines = content.split(separator: 0x0A)
            let hub = try FakeHub([], interfere: { RowsFixture.page($0, of: lines) })
            defer { hub.stop() }
            let download = TaskDataDownload(into: folder("tasks"), try HubFixture(hub.url).configuration)
            try await download.run(data) { _ in }
            #expect(try folder.data("tasks/\(data.file)") == content)
        }
    }
}

import Foundation
import TestSupport
import Testing

@testable import Tasks

struct PromptFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func aPromptALine() throws {
        let path = try folder.write("prompts.txt", Data("\u{FEFF}Once \n\n  \t\r\n{\"prompt\": 1}\r\nlast".utf8))
        let expected = [(1, "Once "), (4, "{\"prompt\": 1}"), (5, "last")]
        let prompts = try PromptFile.read(path)
        #expect(prompts.map(\.line) == expected.map(\.0) && prompts.map(\.text) == expected.map(\.1))
        #expect(try PromptFile.read(path, limit: 2).map(\.line) == [1, 4])
    }

    @Test func anObjectALine() throws {
        let path = try folder.write(
            "prompts.jsonl", Data("{\"prompt\": \"one\\ntwo\", \"id\": 7}\n\n{\"prompt\": \"three\"}".utf8))
        let prompts = try PromptFile.read(path)
        #expect(prompts.map(\.text) == ["one\ntwo", "three"] && prompts.map(\.line) == [1, 3])
    }

    @Test(
        arguments: [
            ("a.jsonl", "{\"prompt\": \"x\"}\n{\"text\": \"x\"}", TaskError.Code.missingField, 2),
            ("a.jsonl", "{\"prompt\": 3}", .badField, 1), ("a.jsonl", "{\"prompt\": \"\"}", .badField, 1),
            ("a.jsonl", "\n\n[1]", .badJSON, 3), ("a.jsonl", " \n", .noItems, nil), ("a.txt", "\n\n", .noItems, nil),
            ("a.txt", "", .noItems, nil), ("a.txt", String(repeating: "x", count: 1 << 21), .lineTooLong, 1),
        ] as [(String, String, TaskError.Code, Int?)])
    func badFilesAreErrors(_ name: String, _ content: String, _ code: TaskError.Code, _ line: Int?) throws {
        let path = try folder.write(name, Data(content.utf8))
        let error = #expect(throws: TaskError.self) { _ = try PromptFile.read(path) }
        #expect(error?.code == code && error?.file == path && error?.line == line)
    }

    @Test func whatIsNoText() throws {
        let path = try folder.write("a.txt", Data([0x61, 0x0A, 0xC3, 0x28]))
        let encoding = #expect(throws: TaskError.self) { _ = try PromptFile.read(path) }
        #expect(encoding?.code == .badEncoding && encoding?.line == 2)
        for name in ["none", "none.jsonl", ""] {
            let error = #expect(throws: TaskError.self) { _ = try PromptFile.read(folder(name)) }
            #expect(error?.code == .unreadable)
        }
    }
}

import Testing

@testable import Journals

@Test func errorNamesFileAndLine() {
    let error = JournalError(.corrupt, "The line is damaged", file: "a/journal.jsonl", line: 3)
    #expect(error.description == "The line is damaged (a/journal.jsonl, line 3).")
}

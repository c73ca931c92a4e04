import Foundation
import TestSupport
import Testing

@testable import SelfPruner

struct TextTests {
    /// Rows as the Hugging Face loader makes them: a line with its line break, or nothing for a blank one.
    @Test(arguments: [
        ("", ""),
        ("\n", ""),
        ("one\n", "one\n"),
        ("one", "one"),
        (" \n", ""),
        ("one\ntwo\n", "one\n\n\ntwo\n"),
        ("one\n\ntwo\n", "one\n\n\n\n\ntwo\n"),
        (" \n = Title = \n \t\n first line \n\n last", "\n\n = Title = \n\n\n\n\n first line \n\n\n\n\n last"),
        ("one\n\n", "one\n\n\n"),
    ])
    func `joins WikiText as its loader does`(_ file: String, _ expected: String) {
        #expect(String(decoding: TextJoiner.wikitext.apply(Array(file.utf8)), as: UTF8.self) == expected)
        #expect(String(decoding: TextJoiner.none.apply(Array(file.utf8)), as: UTF8.self) == file)
    }

    @Test func `joining keeps bytes that are not UTF-8`() {
        #expect(TextJoiner.wikitext.apply([0xFF, 0x0A, 0xC3]) == [0xFF, 0x0A, 0x0A, 0x0A, 0xC3])
    }

    @Test func `a text that cannot be read is named with the system's reason`() throws {
        let folder = try TemporaryFolder()
        #expect { try readText(folder("none.txt")) } throws: {
            "\($0)" == "The text \(folder("none.txt")) cannot be read: No such file or directory."
        }
        #expect { try readText(folder.path) } throws: {
            ($0 as? SelfPrunerError)?.code == .textNotFound && "\($0)".contains(folder.path)
                && !"\($0)".contains("Error")
        }
    }
}

import Testing

@testable import Reporting

@Suite struct TextTableTests {
    private static func sample() -> TextTable {
        var table = TextTable([.init("metric"), .init("before", .right), .init("note", .center)])
        table.addRow(["perplexity", "16.72", "a"])
        table.addRow(["größe 模型", "1,234.5", "b|c"])
        table.addRule()
        table.addRow(["total"])
        return table
    }

    @Test func plainColumnsLineUp() {
        #expect(
            Self.sample().plain() == """
                metric       before  note
                ──────────  ───────  ────
                perplexity    16.72   a
                größe 模型  1,234.5  b|c
                ──────────  ───────  ────
                total
                """)
    }

    @Test func markdown() {
        #expect(
            Self.sample().markdown() == """
                | metric     |  before | note |
                | ---------- | ------: | :--: |
                | perplexity |   16.72 |  a   |
                | größe 模型 | 1,234.5 | b\\|c |
                | total      |         |      |
                """)
    }

    @Test func cellsStayOnOneLine() {
        var table = TextTable([.init("x")])
        table.addRow(["a\nb"])
        #expect(table.plain() == "x\n───\na b")
        #expect(table.markdown() == "| x      |\n| ------ |\n| a<br>b |")
    }

    @Test func styledCellsLineUp() {
        let terminal = Terminal(isTTY: true, environment: [:])
        var table = TextTable([.init("a", .right), .init("b")])
        table.addRow([terminal.green("12"), "x"])
        table.addRow(["123", "y"])
        #expect(
            table.plain(heading: terminal.bold)
                == "\u{1B}[1m  a  b\u{1B}[0m\n───  ─\n \u{1B}[32m12\u{1B}[0m  x\n123  y")
    }

    @Test(arguments: [
        ("", 0), ("abc", 3), ("größe", 5), ("e\u{301}", 1), ("模型", 4), ("한글", 4), ("🦙", 2), ("❤\u{FE0F}", 2),
        ("👩‍👩‍👧", 2), ("\u{1B}[1;32mab\u{1B}[0m", 2), ("\u{1B}[", 0), ("a\nb", 2), ("─", 1),
    ])
    func displayWidth(_ text: String, _ columns: Int) {
        #expect(DisplayWidth.of(text) == columns)
    }

    @Test func truncation() {
        #expect(DisplayWidth.truncating("abcdef", to: 6) == "abcdef")
        #expect(DisplayWidth.truncating("abcdef", to: 4) == "abc…")
        #expect(DisplayWidth.truncating("模型模型", to: 4) == "模…")
        #expect(DisplayWidth.truncating("\u{1B}[1mabc\u{1B}[0m", to: 2) == "\u{1B}[1ma…\u{1B}[0m")
        #expect(DisplayWidth.truncating("abc", to: 0) == "")
    }
}

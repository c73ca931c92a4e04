import Testing

@testable import Reporting

@Suite struct TerminalTests {
    @Test func stylesOnlyOnATerminal() {
        #expect(Terminal(isTTY: true, environment: [:]).bold("x") == "\u{1B}[1mx\u{1B}[0m")
        #expect(Terminal(isTTY: true, environment: ["NO_COLOR": ""]).dim("x") == "\u{1B}[2mx\u{1B}[0m")
        #expect(Terminal(isTTY: true, environment: ["NO_COLOR": "1"]).green("x") == "x")
        #expect(Terminal(isTTY: true, environment: ["TERM": "dumb"]).bold("x") == "x")
        #expect(Terminal(isTTY: false, environment: [:]).bold("x") == "x")
    }

    @Test func redrawsOnlyOnATerminal() {
        #expect(Terminal(isTTY: true, environment: ["NO_COLOR": "1"]).isInteractive)
        #expect(!Terminal(isTTY: true, environment: ["TERM": "dumb"]).isInteractive)
        #expect(!Terminal(isTTY: false, environment: [:]).isInteractive)
    }

    @Test func widthFallsBack() {
        #expect(Terminal(isTTY: true, environment: ["COLUMNS": "132"]).width == 132)
        #expect(Terminal(isTTY: true, environment: ["COLUMNS": "-1"]).width == 80)
        // No such file descriptor: neither a terminal nor a crash.
        let closed = Terminal(fileDescriptor: 12345, environment: ["COLUMNS": "77"])
        #expect(!closed.isInteractive && closed.width == 77)
    }

    @Test func heightFallsBack() {
        #expect(Terminal(isTTY: true, environment: ["LINES": "50"]).height == 50)
        #expect(Terminal(isTTY: true, environment: ["LINES": "0"]).height == 24)
    }

    @Test func theFirstLocaleThatIsSetDecides() {
        func isUnicode(_ environment: [String: String]) -> Bool {
            Terminal(isTTY: true, environment: environment).isUnicode
        }
        #expect(isUnicode(["LANG": "en_GB.UTF-8"]) && isUnicode(["LC_CTYPE": "C.utf8"]))
        #expect(isUnicode(["LC_ALL": "", "LANG": "C.UTF-8"]))
        #expect(!isUnicode(["LC_ALL": "C", "LANG": "en_GB.UTF-8"]) && !isUnicode([:]))
    }
}

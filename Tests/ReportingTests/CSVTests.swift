import Testing

@testable import Reporting

@Suite struct CSVTests {
    @Test func quotesWhatNeedsThem() {
        var csv = CSV(header: ["proposer", "note", "kl"])
        csv.addRow(["self", "a, b", CSV.number(0.6712)])
        csv.addRow(["say \"so\"", "two\r\nlines", ""])
        csv.addRow([" padded", "line\nfeed"])
        #expect(
            csv.text == "proposer,note,kl\r\nself,\"a, b\",0.6712\r\n\"say \"\"so\"\"\",\"two\r\nlines\",\r\n"
                + "\" padded\",\"line\nfeed\",\r\n")
    }

    @Test func aRecordIsNeverAnEmptyLine() {
        #expect(CSV.line([""]) == "\"\"\r\n")
        #expect(CSV.line(["", ""]) == ",\r\n")
    }

    @Test func combiningMarksHideNoSeparator() {
        // A mark after a quote or comma makes one Character of both, which equals neither.
        #expect(
            CSV.line(["a,\u{301}", "\"\u{301}"]).unicodeScalars.elementsEqual(
                "\"a,\u{301}\",\"\"\"\u{301}\"\r\n".unicodeScalars))
    }

    @Test func numbersReadBack() {
        #expect(CSV.number(nil) == "")
        #expect(CSV.number(.infinity) == "inf" && CSV.number(-.infinity) == "-inf" && CSV.number(.nan) == "nan")
        for value in [0.1, 1.0 / 3, 1e-300, -12345678.9, .greatestFiniteMagnitude] {
            #expect(Double(CSV.number(value)) == value)
        }
    }
}

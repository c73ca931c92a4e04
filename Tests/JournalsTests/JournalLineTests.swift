import Testing

@testable import Journals

/// The check value of the CRC catalogue, and two that zlib gives.
@Test(arguments: [("123456789", 0xCBF4_3926), ("", 0), ("a", 0xE8B7_BE43)] as [(String, UInt32)])
func checksumIsThatOfZlib(text: String, expected: UInt32) {
    #expect(CRC32.checksum(text.utf8) == expected)
}

@Test func linesAreJSONWithTheirChecksumInFront() {
    let line = JournalLine.encode("123456789".utf8, .event)
    #expect(String(decoding: line, as: UTF8.self) == #"{"crc32":"cbf43926","event":123456789}"# + "\n")
    #expect(JournalLine.payload(line.dropLast(), .event).map(Array.init) == Array("123456789".utf8))
    #expect(JournalLine.payload(line.dropLast(), .header) == nil)
    #expect(
        String(decoding: JournalHeader.line, as: UTF8.self).hasSuffix(
            #","header":{"format":"selfpruner journal","version":1}}"# + "\n"))
}

@Test func everyChangedByteOfALineShows() {
    let line = Array(JournalLine.encode(#"{"a":[1,2],"b":"x"}"#.utf8, .event).dropLast())
    for index in line.indices {
        for mask in UInt8(1)...255 {
            var damaged = line
            damaged[index] ^= mask
            #expect(JournalLine.payload(damaged[...], .event) == nil)
        }
    }
}

import Foundation
import Testing

@testable import Journals

@Test func aJournalCutAnywhereGivesItsWholeLinesAndGoesOn() throws {
    try withFolder { folder in
        let bytes = try journalBytes(folder)
        let path = folder + "/cut.jsonl"
        for count in 0...bytes.count {
            try write(Array(bytes[..<count]), path)
            let lines = bytes[..<count].split(separator: JournalLine.newline, omittingEmptySubsequences: false)
            let whole = max(lines.count - 2, 0)
            let isTorn = lines.last?.isEmpty == false
            #expect(try JournalFile<Toy>.read(path) == Array(toys[..<whole]))
            do {
                let journal = try JournalFile<Toy>(path)
                #expect(journal.events == Array(toys[..<whole]))
                #expect((journal.torn != nil) == isTorn)
                if isTorn { #expect(journal.torn == TornTail(line: lines.count, bytes: lines.last?.count ?? 0)) }
                try journal.append(Toy(number: -1))
            }
            let again = try JournalFile<Toy>(path)
            #expect(again.events == toys[..<whole] + [Toy(number: -1)])
            #expect(again.torn == nil)
        }
    }
}

@Test func aChangedByteIsFoundAndOnlyTheLastLineIsCut() throws {
    try withFolder { folder in
        let bytes = try journalBytes(folder)
        let lastLine = bytes.dropLast().lastIndex(of: JournalLine.newline).map { $0 + 1 } ?? 0
        for index in bytes.indices {
            for mask in [0x01, 0x20, 0x80, bytes[index] ^ JournalLine.newline] as [UInt8] where mask != 0 {
                var damaged = bytes
                damaged[index] ^= mask
                do {
                    let contents = try JournalContents<Toy>(damaged, file: "x")
                    #expect(index >= lastLine)
                    #expect(contents.events == Array(toys.dropLast()))
                    #expect(contents.length == lastLine)
                    #expect(contents.torn == TornTail(line: toys.count + 1, bytes: bytes.count - lastLine))
                } catch let error as JournalError {
                    #expect(error.code == .corrupt)
                    #expect(error.line == bytes[..<index].count { $0 == JournalLine.newline } + 1)
                }
            }
        }
    }
}

@Test func aDamagedFileIsLeftAsItIsUnlessTheDamageIsItsTail() throws {
    try withFolder { folder in
        let bytes = try journalBytes(folder)
        for index in stride(from: 0, to: bytes.count, by: 7) {
            var damaged = bytes
            damaged[index] ^= 1
            let path = folder + "/damaged\(index).jsonl"
            try write(damaged, path)
            do {
                let journal = try JournalFile<Toy>(path)
                #expect(journal.events == Array(toys.dropLast()))
                try journal.append(toys[3])
                #expect(try read(path) == bytes)
            } catch let error as JournalError {
                #expect(error.code == .corrupt)
                #expect(error.file == path)
                #expect(try read(path) == damaged)
            }
        }
    }
}

@Test func noBytesAreACrash() throws {
    var generator = Generator(state: 1)
    try withFolder { folder in
        let bytes = try journalBytes(folder)
        for _ in 0..<3000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) where !damaged.isEmpty {
                let start = Int.random(in: 0..<damaged.count, using: &generator)
                let end = min(start + Int.random(in: 0..<40, using: &generator), damaged.count)
                let noise = (0..<Int.random(in: 0..<8, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
                damaged.replaceSubrange(start..<end, with: noise)
            }
            do {
                let contents = try JournalContents<Toy>(damaged, file: "x")
                #expect(contents.length <= damaged.count)
                #expect(contents.events == Array(toys[..<contents.events.count]))
            } catch { #expect((error as? JournalError)?.code == .corrupt) }
        }
    }
}

/// Lines with a right checksum that say nothing of use.
@Test(arguments: [
    "", "nul", "[", "{}", "1e999", "\"\u{1}\"", #"{"number":1e99,"fitness":0,"note":""}"#,
    String(repeating: "[", count: 100_000), #"{"number":"#, #"{"number":null,"fitness":0,"note":""}"#,
])
func linesThatAreNoEventsAreNamed(payload: String) {
    let bytes = JournalHeader.line + JournalLine.encode(payload.utf8, .event)
    let error = #expect(throws: JournalError.self) { try JournalContents<Toy>(bytes, file: "x") }
    #expect(error?.code == .corrupt)
    #expect(error?.line == 2)
}

@Test func zerosBehindTheWholeLinesAreATornTail() throws {
    try withFolder { folder in
        let path = folder + "/zeros.jsonl"
        for bytes in [try journalBytes(folder), Array(JournalHeader.line[..<9]), []] {
            try write(bytes + [UInt8](repeating: 0, count: 100), path)
            let journal = try JournalFile<Toy>(path)
            #expect(journal.events == (bytes.count > 9 ? toys : []))
            #expect(journal.torn != nil)
        }
    }
}

@Test(arguments: ["hello", "hello\n", "{}\n", "\n", "PK\u{3}\u{4}", #"{"crc32":"00000000","header":{}}"# + "\n"])
func otherFilesAreNotTakenOver(content: String) throws {
    try withFolder { folder in
        let path = folder + "/other"
        try write(Array(content.utf8), path)
        let error = #expect(throws: JournalError.self) { try JournalFile<Toy>(path) }
        #expect(error?.code == .corrupt)
        #expect(error?.line == 1)
        #expect(try read(path) == Array(content.utf8))
    }
}

@Test func aLaterVersionIsRefused() throws {
    try withFolder { folder in
        let path = folder + "/later.jsonl"
        try write(JournalLine.encode(#"{"format":"selfpruner journal","version":2,"x":1}"#.utf8, .header), path)
        let error = #expect(throws: JournalError.self) { try JournalFile<Toy>(path) }
        #expect(error?.code == .unknownVersion)
        #expect(error?.message == "The journal has version 2; this program reads version 1")
    }
}

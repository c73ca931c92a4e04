import Foundation
import Testing

@testable import Journals

@Test func numbersComeBackBitForBit() throws {
    struct Numbers: Codable, Sendable {
        var doubles: [Double]
        var floats: [Float]
        var seed: UInt64
    }
    var generator = Generator(state: 7)
    let doubles =
        [0.1, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .pi]
        + (0..<2000).map { _ in Double(bitPattern: generator.next()) }.filter { !$0.isNaN }
    let floats =
        [0.1, -0.0, .infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
        + (0..<2000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: generator.next())) }.filter { !$0.isNaN }
    try withFolder { folder in
        let path = folder + "/numbers.jsonl"
        try JournalFile<Numbers>(path).append(Numbers(doubles: doubles + [.nan], floats: floats, seed: .max))
        let back = try #require(try JournalFile<Numbers>(path).events.first)
        #expect(back.doubles.dropLast().map(\.bitPattern) == doubles.map(\.bitPattern))
        #expect(back.doubles.last?.isNaN == true)
        #expect(back.floats.map(\.bitPattern) == floats.map(\.bitPattern))
        #expect(back.seed == .max)
    }
}

@Test func aJournalHasOneWriter() throws {
    try withFolder { folder in
        let path = folder + "/journal.jsonl"
        do {
            let journal = try JournalFile<Toy>(path)
            let error = #expect(throws: JournalError.self) { try JournalFile<Toy>(path) }
            #expect(error?.code == .inUse)
            try journal.append(toys[0])
        }
        #expect(try JournalFile<Toy>(path).events == [toys[0]])
    }
}

@Test func aJournalThatWasMovedAwayIsAnErrorAndUsableWhenItIsBack() throws {
    try withFolder { folder in
        let path = folder + "/journal.jsonl"
        do {
            let journal = try JournalFile<Toy>(path)
            try journal.append(toys[0])
            try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
            for _ in 0..<2 {
                let error = #expect(throws: JournalError.self) { try journal.append(toys[1]) }
                #expect(error?.code == .notWritable)
            }
            #expect(journal.events == [toys[0]])
            #expect(try JournalFile<Toy>.read(path + ".away") == [toys[0]])
            try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
            try journal.append(toys[2])
        }
        #expect(try JournalFile<Toy>(path).events == [toys[0], toys[2]])
    }
}

@Test func placesThatAreNoFilesAreErrors() throws {
    try withFolder { folder in
        let pipe = folder + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        for path in [folder, folder + "/none/journal.jsonl", "/dev/null/x", "/dev/null", pipe] {
            #expect(throws: JournalError.self, "\(path)") { try JournalFile<Toy>(path) }
            let error = #expect(throws: JournalError.self) { try JournalFile<Toy>.read(path) }
            #expect(error?.code == .notReadable)
        }
    }
}

@Test func anEventThatIsNoJSONIsAnError() throws {
    struct Stubborn: Codable, Sendable {
        struct Refusal: Error {}
        init() {}
        init(from decoder: any Decoder) throws {}
        func encode(to encoder: any Encoder) throws { throw Refusal() }
    }
    try withFolder { folder in
        let journal = try JournalFile<Stubborn>(folder + "/journal.jsonl")
        #expect(throws: JournalError.self) { try journal.append(Stubborn()) }
        #expect(journal.events.isEmpty)
    }
}

@Test func appendsFromManyTasksAreAllThere() async throws {
    try await withAsyncFolder { folder in
        let path = folder + "/journal.jsonl"
        do {
            let journal = try JournalFile<Toy>(path)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<50 { group.addTask { try journal.append(Toy(number: number)) } }
                try await group.waitForAll()
            }
            #expect(journal.events.map(\.number).sorted() == Array(0..<50))
        }
        #expect(try JournalFile<Toy>(path).events.map(\.number).sorted() == Array(0..<50))
    }
}

@Test func readersSeeAPrefixWhileEventsAreAppended() async throws {
    try await withAsyncFolder { folder in
        let path = folder + "/run"
        let run = try RunFolder(path, identity: ["seed": 1])
        let journal = try run.journal(of: Toy.self)
        let long = String(repeating: "x", count: 20_000)
        let writer = Task.detached {
            for number in 0..<100 { try journal.append(Toy(number: number, note: number % 3 == 0 ? long : "")) }
        }
        var seen = 0
        while seen < 100 {
            let snapshot = try RunFolder.peek(path, identity: [String: Int].self, event: Toy.self)
            #expect(snapshot.events.map(\.number) == Array(0..<snapshot.events.count))
            #expect(snapshot.events.count >= seen)
            #expect(snapshot.process == ProcessInfo.processInfo.processIdentifier)
            seen = snapshot.events.count
            await Task.yield()
        }
        try await writer.value
    }
}

import Foundation

@testable import Journals

/// A folder of its own for each test, removed at the end of `body`.
func withFolder(_ body: (String) throws -> Void) throws {
    let path = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
}

func withAsyncFolder(_ body: (String) async throws -> Void) async throws {
    let path = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try await body(path)
}

private func makeFolder() throws -> String {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("journals-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    return path
}

struct Toy: Codable, Equatable, Sendable {
    var number: Int
    var fitness = 0.0
    var note = ""
}

/// Events of different lengths, with characters that JSON escapes.
let toys = [
    Toy(number: 1, fitness: 0.1, note: "a\nb"), Toy(number: 22, fitness: -1e-300, note: "\"}{\u{2028}é\u{0}"),
    Toy(number: 333, fitness: .infinity), Toy(number: 4, fitness: 1 / 3, note: #"{"crc32":"00000000","event":1}"#),
]

func write(_ bytes: [UInt8], _ path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

func read(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

/// The bytes of a journal of `toys`.
func journalBytes(_ folder: String) throws -> [UInt8] {
    let path = folder + "/whole.jsonl"
    let journal = try JournalFile<Toy>(path)
    for toy in toys { try journal.append(toy) }
    return try read(path)
}

/// SplitMix64.
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

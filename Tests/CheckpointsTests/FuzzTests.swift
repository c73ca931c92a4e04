import Foundation
import Testing

@testable import Checkpoints

/// Ten thousand malformed headers for each reader: whatever they say, a reader returns or throws a `CheckpointError`.
/// Each test has a process to itself, because it watches the memory of its process.
@Suite(.serialized)
struct FuzzTests {
    private static let rounds = 10_000

    /// Values that length fields, counts and offsets go wrong with.
    private static let telling: [UInt64] = [
        0, 1, 2, 31, 32, 33, 255, 1 << 15, 1 << 16, 1 << 31, 1 << 32, 1 << 62, 1 << 63, .max, .max - 31,
    ]

    private static func mutate(_ bytes: inout [UInt8], upTo header: Int, using random: inout SplitMix64) {
        for _ in 0...Int.random(in: 0..<4, using: &random) {
            let position = Int.random(in: 0..<min(header, bytes.count), using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[position] = .random(in: 0...255, using: &random)
            case 2, 3:
                var field: [UInt8] = []
                field.append(integer: telling.randomElement(using: &random) ?? 0)
                let width = Bool.random(using: &random) ? 8 : 4
                for (index, byte) in field.prefix(width).enumerated() where position + index < bytes.count {
                    bytes[position + index] = byte
                }
            case 4: bytes.remove(at: position)
            case 5: bytes.insert(.random(in: 0...255, using: &random), at: position)
            case 6:
                let length = min(Int.random(in: 1..<64, using: &random), bytes.count - position)
                let from = Int.random(in: 0...(bytes.count - length), using: &random)
                bytes.replaceSubrange(position..<position + length, with: Array(bytes[from..<from + length]))
            default:
                if Int.random(in: 0..<8, using: &random) == 0 { bytes.removeSubrange(position...) }
            }
            if bytes.isEmpty { return }
        }
    }

    /// Replaces numbers and words of a JSON text by others.
    private static func mutateText(_ text: String, using random: inout SplitMix64) -> String {
        let replacements = [
            "0", "-1", "1", "7", "1e9", "1e400", "0.5", "9223372036854775807", "-9223372036854775808", "1e19", "null",
            "true", "[]", "{}", "\"\"", "[1,2,3]", String(repeating: "[", count: 600), "\"\\ud800\"", "NaN",
        ]
        var pieces = text.split(omittingEmptySubsequences: false) { ",:[]{} \n".contains($0) }.map(String.init)
        let separators = text.filter { ",:[]{} \n".contains($0) }
        for _ in 0...Int.random(in: 0..<2, using: &random) {
            let index = Int.random(in: 0..<pieces.count, using: &random)
            pieces[index] = replacements.randomElement(using: &random) ?? ""
        }
        return zip(pieces, Array(separators.map(String.init)) + [""]).map { $0 + $1 }.joined()
    }

    /// Runs `round` for every seed, and checks that none of them made the process grow by more than a few times the
    /// largest file: a length that was believed would show at once.
    private static func fuzz(_ round: (inout SplitMix64) throws -> Bool) throws {
        let before = Memory.current
        var accepted = 0
        for seed in 0..<rounds {
            var random = SplitMix64(seed: UInt64(seed))
            do {
                if try round(&random) { accepted += 1 }
            } catch let error as CheckpointError {
                #expect(!error.message.isEmpty && !error.file.isEmpty)
                #expect(error.message != "is refused by ggml", "seed \(seed): the scanner accepts what ggml does not")
                #expect(error.message != "is read differently by ggml", "seed \(seed)")
            }
        }
        let after = Memory.current
        #expect(after.resident - before.resident < 64 << 20, "\(after.resident - before.resident) bytes more")
        #expect(after.virtual - before.virtual < 2 << 30, "\(after.virtual - before.virtual) bytes more")
        // Both outcomes must occur, or the mutations test nothing.
        #expect(accepted > 0 && accepted < rounds)
    }

    @Test(.timeLimit(.minutes(5)))
    func `GGUF headers`() async {
        await #expect(processExitsWith: .success) { try Self.fuzzGGUF("mixed") }
        await #expect(processExitsWith: .success) { try Self.fuzzGGUF("uneven") }
    }

    private static func fuzzGGUF(_ model: String) throws {
        let original = try Fixture.bytes("\(model).gguf")
        var scanner = GGUFScanner(try MappedFile(path: Fixture.path("\(model).gguf")))
        let header = try scanner.header().dataOffset
        try fuzz { random in
            var bytes = original
            mutate(&bytes, upTo: header, using: &random)
            try GGUFCheckpoint(MappedFile(bytes, path: "model.gguf")).readAll()
            return true
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `safetensors headers`() async {
        await #expect(processExitsWith: .success) { try Self.fuzzSafetensors() }
    }

    private static func fuzzSafetensors() throws {
        let configuration = try HuggingFaceConfiguration(
            file: MappedFile(Array(SafetensorsBuilder.configuration.utf8), path: "config.json"))
        let original = SafetensorsBuilder.model().bytes()
        let length = Int(original[0]) | Int(original[1]) << 8
        let header = String(decoding: original[8..<8 + length], as: UTF8.self)
        try fuzz { random in
            var bytes = original
            if Bool.random(using: &random) {
                mutate(&bytes, upTo: 8 + length, using: &random)
            } else {
                bytes = SafetensorsBuilder.file(
                    header: mutateText(header, using: &random), data: Array(original[(8 + length)...]))
            }
            let file = try SafetensorsFile(MappedFile(bytes, path: "model.safetensors"))
            try HuggingFaceCheckpoint(path: "folder", configuration, tensors: file.storedWeights).readAll()
            return true
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `configurations`() async {
        await #expect(processExitsWith: .success) { try Self.fuzzConfigurations() }
    }

    private static func fuzzConfigurations() throws {
        let weights = try SafetensorsFile(
            MappedFile(SafetensorsBuilder.model().bytes(), path: "model.safetensors")
        ).storedWeights
        var pruned = HuggingFaceConfiguration(ModelBuilder.description, elementType: "float32")
        pruned.modelType = HuggingFaceConfiguration.prunedType
        pruned.attentionHeadsPerLayer = [2]
        pruned.keyValueHeadsPerLayer = [2]
        pruned.intermediateSizePerLayer = [8]
        let texts = [SafetensorsBuilder.configuration, String(decoding: try pruned.json(), as: UTF8.self)]
        try fuzz { random in
            let text = texts[Int.random(in: 0..<2, using: &random)]
            let mutated = Array(mutateText(text, using: &random).utf8)
            let configuration = try HuggingFaceConfiguration(file: MappedFile(mutated, path: "config.json"))
            try HuggingFaceCheckpoint(path: "folder", configuration, tensors: weights).readAll()
            return true
        }
    }
}

/// Peak memory of this process, in bytes; zeros where the system does not tell.
enum Memory {
    static var current: (resident: Int, virtual: Int) {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return (0, 0) }
        func value(_ key: String) -> Int {
            let line = status.split(separator: "\n").first { $0.hasPrefix(key) }
            return (line?.split(separator: " ", omittingEmptySubsequences: true).compactMap { Int($0) }.first ?? 0)
                << 10
        }
        return (value("VmHWM:"), value("VmPeak:"))
    }
}

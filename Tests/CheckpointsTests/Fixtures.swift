import Foundation
import Testing

@testable import Checkpoints

/// The committed models of `Scripts/make-checkpoint-fixtures`.
enum Fixture {
    static func path(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)").path
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(filePath: path(name))))
    }

    /// What reading the model must give, by Hugging Face key.
    static func expected(_ model: String) throws -> [(name: String, shape: [Int], elementType: String, values: [Float])]
    {
        struct Entry: Decodable {
            var name: String
            var shape: [Int]
            var elementType: String
        }
        let entries = try JSONDecoder().decode([Entry].self, from: Data(bytes("\(model).json")))
        let all = try bytes("\(model).f32")
        var offset = 0
        return entries.map { entry in
            let count = entry.shape.reduce(1, *)
            let values = all[offset..<offset + 4 * count].floats
            offset += 4 * count
            return (entry.name, entry.shape, entry.elementType, values)
        }
    }
}

extension ArraySlice<UInt8> {
    var floats: [Float] {
        withUnsafeBytes { raw in
            (0..<raw.count / 4).map {
                Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
            }
        }
    }
}

/// A folder that goes away with the object.
final class TemporaryFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "checkpoints-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let file = "\(path)/\(name)"
        // A new file each time: some file systems flush a file to disk when it is cut to nothing and written again.
        try? FileManager.default.removeItem(atPath: file)
        try Data(bytes).write(to: URL(filePath: file))
        return file
    }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String { try write(Array(text.utf8), to: name) }
}

extension Checkpoint {
    func values(_ weight: Weight) throws -> [Float] {
        let count = try #require(description.weightShape(weight)).count
        var values = [Float](repeating: .nan, count: count)
        try values.withUnsafeMutableBufferPointer { try read(weight, into: $0) }
        return values
    }

    /// Reads everything there is, for its errors.
    func readAll() throws {
        for shape in description.weightShapes { _ = try values(shape.weight) }
    }
}

/// The error that `body` throws.
func checkpointError(
    _ sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) throws -> CheckpointError {
    var caught: CheckpointError?
    do { try body() } catch let error as CheckpointError { caught = error }
    return try #require(caught, "nothing was thrown", sourceLocation: sourceLocation)
}

/// Reproducible pseudo-random numbers (splitmix64, Vigna).
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

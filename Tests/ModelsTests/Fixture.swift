import Checkpoints
import Foundation
import Kernels
import Testing

@testable import Models

/// A tiny random model with transformers' answers, made by Scripts/make-model-fixtures.
struct Fixture: Sendable, CustomTestStringConvertible {
    let name: String

    static let all = ["gqa-tied", "gqa-untied", "mha", "biases", "theta", "odd"].map(Fixture.init)

    var testDescription: String { name }

    struct Reference: Decodable {
        var sequences: [[Int32]]
        var meanNLL: [Double]
        var greedy: [[Int32]]
    }

    var folder: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/\(name)")
    }

    func reference() throws -> Reference {
        try JSONDecoder().decode(
            Reference.self, from: Data(contentsOf: folder.appendingPathComponent("reference.json")))
    }

    func checkpoint() throws -> any Checkpoint { try openCheckpoint(folder.path) }

    func model(_ precision: Precision) throws -> LlamaModel {
        try LlamaModel(checkpoint(), precision: precision, positions: 64)
    }

    /// float32 [tokens, vocabulary] of each sequence.
    func logits() throws -> [[Float]] {
        let data = try Data(contentsOf: folder.appendingPathComponent("logits.safetensors"))
        let length = Int(
            data[..<8].enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) })
        let header = try JSONSerialization.jsonObject(with: data[8..<8 + length]) as! [String: Any]
        return header.keys.filter { $0 != "__metadata__" }.sorted().map { key in
            let offsets = (header[key] as! [String: Any])["data_offsets"] as! [Int]
            let bytes = data[8 + length + offsets[0]..<8 + length + offsets[1]]
            return bytes.withUnsafeBytes { raw in
                (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
            }
        }
    }
}

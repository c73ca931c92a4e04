import Checkpoints
import Foundation

/// How the weights of a model are spread over files, as transformers does it: in order, each file as full as it may be.
struct SafetensorsShards {
    static let indexName = "model.safetensors.index.json"

    /// File names with the weights that each holds.
    private(set) var files: [(name: String, shapes: [WeightShape])] = []
    private let element: StoredElement

    init(_ shapes: [WeightShape], element: StoredElement, maximumBytes: Int) {
        self.element = element
        var shards: [[WeightShape]] = [[]]
        var bytes = 0
        for shape in shapes {
            let size = shape.count * element.byteCount
            if bytes + size > maximumBytes, !shards[shards.count - 1].isEmpty {
                shards.append([])
                bytes = 0
            }
            shards[shards.count - 1].append(shape)
            bytes += size
        }
        func number(_ value: Int) -> String {
            String(repeating: "0", count: max(0, 5 - String(value).count)) + String(value)
        }
        files = shards.enumerated().map { place, shapes in
            let name =
                shards.count == 1
                ? "model.safetensors" : "model-\(number(place + 1))-of-\(number(shards.count)).safetensors"
            return (name, shapes)
        }
    }

    /// The content of the index; `nil` for one file.
    func index() throws -> Data? {
        guard files.count > 1 else { return nil }
        struct Index: Encodable {
            struct Metadata: Encodable {
                var size: Int

                enum CodingKeys: String, CodingKey { case size = "total_size" }
            }

            var metadata: Metadata
            var map: [String: String]

            enum CodingKeys: String, CodingKey {
                case metadata
                case map = "weight_map"
            }
        }
        var map: [String: String] = [:]
        var size = 0
        for (name, shapes) in files {
            for shape in shapes {
                map[shape.huggingFaceKey] = name
                size += shape.count * element.byteCount
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(Index(metadata: .init(size: size), map: map))
    }
}

import Checkpoints
import Export
import Foundation
import Testing

struct SafetensorsWriterTests {
    /// Blocks that differ, one without attention and one without an MLP, and biases.
    static let description = ModelDescription(
        architecture: .llama, hiddenSize: 12, vocabularySize: 17, headSize: 4, normEpsilon: 1e-5,
        rope: RotaryEmbedding(theta: 10000), contextLength: 64, tiesEmbeddings: false,
        biases: [.attentionOutput, .down],
        blocks: [
            BlockShape(queryHeads: 4, keyValueHeads: 2, channels: 9),
            BlockShape(queryHeads: 0, keyValueHeads: 0, channels: 5),
            BlockShape(queryHeads: 2, keyValueHeads: 1, channels: 0),
        ])

    /// Multiples of 1/64 up to 2: exact in every type.
    private func values(_ index: Int, _ count: Int) -> [Float] {
        (0..<count).map { Float(($0 * 37 + index * 101) % 255 - 127) / 64 }
    }

    @Test(arguments: StoredElement.allCases)
    func writtenModelIsReadBack(_ element: StoredElement) throws {
        let folder = try TemporaryFolder()
        let shapes = Self.description.weightShapes
        let writer = SafetensorsWriter(
            shapes.map { SafetensorsWriter.Entry(name: $0.huggingFaceKey, shape: $0.shape) }, element: element)
        var asked: [Int] = []
        try writer.write(to: folder("model.safetensors")) { index in
            asked.append(index)
            return values(index, shapes[index].count)
        }
        let configuration = HuggingFaceConfiguration(Self.description, elementType: element.torchName)
        try configuration.json().write(to: URL(fileURLWithPath: folder("config.json")))

        #expect(asked == Array(shapes.indices))
        let checkpoint = try openCheckpoint(folder.path)
        #expect(checkpoint.description == Self.description)
        #expect(checkpoint.storedTensors.count == shapes.count)
        for (index, shape) in shapes.enumerated() {
            let stored = checkpoint.storedTensors[shape.weight]
            #expect(stored?.elementType == element.rawValue && stored?.byteCount == shape.count * element.byteCount)
            var read = [Float](repeating: .nan, count: shape.count)
            try read.withUnsafeMutableBufferPointer { try checkpoint.read(shape.weight, into: $0) }
            #expect(read == values(index, shape.count))
        }
    }

    /// The format's own words: header length, JSON padded with spaces so that tensors start at multiples of eight,
    /// offsets that follow each other, nothing after the last tensor.
    @Test func layoutFollowsTheFormat() throws {
        let folder = try TemporaryFolder()
        for name in ["a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh"] {
            let writer = SafetensorsWriter(
                [.init(name: name, shape: [2, 3]), .init(name: "\(name).bias", shape: [3])], element: .float16)
            try writer.write(to: folder("file")) { $0 == 0 ? [1, 2, 3, 4, 5, 6] : [0, 0, 1] }
            let data = try Data(contentsOf: URL(fileURLWithPath: folder("file")))
            let length = data[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
            #expect(length % 8 == 0)
            #expect(data.count == 8 + length + 18)
            let header = try #require(
                JSONSerialization.jsonObject(with: data[8..<8 + length]) as? [String: [String: Any]])
            #expect(Set(header.keys) == ["__metadata__", name, "\(name).bias"])
            #expect(header["__metadata__"] as? [String: String] == ["format": "pt"])
            #expect(header[name]?["dtype"] as? String == "F16")
            #expect(header[name]?["shape"] as? [Int] == [2, 3])
            #expect(header[name]?["data_offsets"] as? [Int] == [0, 12])
            #expect(header["\(name).bias"]?["data_offsets"] as? [Int] == [12, 18])
            #expect(Array(data[(8 + length)...].suffix(2)) == [0x00, 0x3C])
        }
    }

    @Test func unwritableFilesAreErrors() throws {
        let folder = try TemporaryFolder()
        try folder.write("mine", "file")
        let writer = SafetensorsWriter([.init(name: "a", shape: [2])], element: .float32)
        for path in [folder("file/model.safetensors"), folder("missing/model.safetensors"), folder.path] {
            let error = #expect(throws: ExportError.self) { try writer.write(to: path) { _ in [1, 2] } }
            #expect(error?.code == .notWritable && error?.path == path)
        }
    }

    #if os(Linux)
        @Test func fullDiskIsAnError() throws {
            let writer = SafetensorsWriter([.init(name: "a", shape: [2])], element: .float32)
            let error = #expect(throws: ExportError.self) { try writer.write(to: "/dev/full") { _ in [1, 2] } }
            #expect(error?.code == .notWritable)
        }
    #endif

    /// What the caller throws comes through.
    @Test func errorsOfTheValuesPass() throws {
        struct Unreadable: Error {}
        let folder = try TemporaryFolder()
        let writer = SafetensorsWriter([.init(name: "a", shape: [2])], element: .float32)
        #expect(throws: Unreadable.self) { try writer.write(to: folder("file")) { _ in throw Unreadable() } }
    }
}

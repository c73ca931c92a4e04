import Foundation

/// A safetensors file: an 8-byte length, a JSON header, tensor data (https://github.com/huggingface/safetensors).
package struct SafetensorsFile: Sendable {
    let file: MappedFile
    let tensors: [String: TensorExtent]

    /// The format's own limit for the header, in bytes.
    static let maximumHeaderLength = 100_000_000

    /// - Throws: `CheckpointError`: `.notFound`, `.truncated`, `.badHeader`, `.badOffset`, `.unsupportedType`.
    init(_ file: MappedFile) throws(CheckpointError) {
        let path = file.path
        guard let length = file.integer(at: 0, as: UInt64.self) else {
            throw CheckpointError(.truncated, "is too short for a safetensors header", file: path, offset: 0)
        }
        guard length <= UInt64(Self.maximumHeaderLength) else {
            throw CheckpointError(
                .badHeader, "states a header of \(length) bytes, more than the \(Self.maximumHeaderLength) allowed",
                file: path, offset: 0)
        }
        guard let header = file.bytes(at: 8, count: Int(length)) else {
            throw CheckpointError(
                .truncated, "states a header of \(length) bytes, past the file's end at \(file.count)", file: path,
                offset: 0)
        }
        guard header.first == UInt8(ascii: "{") else {
            throw CheckpointError(.badHeader, "has a header that is not a JSON object", file: path, offset: 8)
        }
        let entries: [String: SafetensorsHeader.Entry]
        do {
            entries = try JSONDecoder().decode(SafetensorsHeader.self, from: Data(header)).entries
        } catch {
            throw CheckpointError(
                .badHeader, "has a header that cannot be understood: \(describe(error))", file: path, offset: 8)
        }
        self.file = file
        tensors = try Self.extents(entries, in: file, from: 8 + Int(length))
    }

    package init(path: String) throws(CheckpointError) { try self.init(MappedFile(path: path)) }

    /// Writes a tensor's elements as floats, row-major.
    /// - Parameter shape: what it must have.
    /// - Throws: `CheckpointError`: `.missingTensor`, `.wrongShape`, `.unsupportedType`, `.notFinite`.
    package func read(
        _ name: String, shape: [Int], into destination: UnsafeMutablePointer<Float>
    ) throws(CheckpointError) {
        guard let tensor = tensors[name] else {
            throw CheckpointError(.missingTensor, "is not in the file", file: file.path, tensor: name)
        }
        guard tensor.shape == shape else {
            throw CheckpointError(
                .wrongShape, "has the shape \(tensor.shape), not \(shape)", file: file.path, tensor: name)
        }
        guard tensor.type.isReadable else {
            throw CheckpointError(
                .unsupportedType, "has elements of type '\(tensor.type.name)'", file: file.path, tensor: name)
        }
        try StoredWeight(file: file, tensor: tensor).read(
            into: UnsafeMutableBufferPointer(start: destination, count: shape.reduce(1, *)))
    }

    private static func extents(
        _ entries: [String: SafetensorsHeader.Entry], in file: MappedFile, from dataOffset: Int
    ) throws(CheckpointError) -> [String: TensorExtent] {
        var tensors: [String: TensorExtent] = [:]
        for (name, entry) in entries {
            guard let elementBytes = elementBytes[entry.dtype] else {
                throw CheckpointError(
                    .unsupportedType, "has elements of unknown type '\(entry.dtype)'", file: file.path, tensor: name)
            }
            guard entry.dataOffsets.count == 2, let begin = entry.dataOffsets.first, let end = entry.dataOffsets.last,
                begin >= 0, begin <= end, entry.shape.allSatisfy({ $0 >= 0 })
            else {
                throw CheckpointError(
                    .badOffset, "has the shape \(entry.shape) and the offsets \(entry.dataOffsets), which cannot be",
                    file: file.path, tensor: name)
            }
            guard end <= file.count - dataOffset else {
                throw CheckpointError(
                    .truncated, "ends at byte \(end) of the data, of which the file has \(file.count - dataOffset)",
                    file: file.path, tensor: name, offset: begin.addingClamped(dataOffset))
            }
            guard byteCount(entry.shape, elementBytes) == end - begin else {
                throw CheckpointError(
                    .badOffset, "of shape \(entry.shape) and type \(entry.dtype) is given \(end - begin) bytes",
                    file: file.path, tensor: name, offset: dataOffset + begin)
            }
            // Other types than these may be in the file, if the model does not need them.
            let type = readableTypes[entry.dtype]
            tensors[name] = TensorExtent(
                name: name, type: type ?? .opaque(entry.dtype, bytes: elementBytes), shape: entry.shape,
                offset: dataOffset + begin, byteCount: end - begin)
        }
        try checkCover(tensors.values, of: file, from: dataOffset)
        return tensors
    }

    /// The format wants the data covered from end to end, without holes or overlaps.
    private static func checkCover(
        _ tensors: some Collection<TensorExtent>, of file: MappedFile, from dataOffset: Int
    ) throws(CheckpointError) {
        var end = dataOffset
        for tensor in tensors.sorted(by: { ($0.offset, $0.byteCount, $0.name) < ($1.offset, $1.byteCount, $1.name) }) {
            guard tensor.offset == end else {
                throw CheckpointError(
                    .badOffset,
                    tensor.offset < end ? "overlaps another tensor" : "leaves a hole of \(tensor.offset - end) bytes",
                    file: file.path, tensor: tensor.name, offset: tensor.offset)
            }
            end += tensor.byteCount
        }
        guard end == file.count else {
            throw CheckpointError(
                .badOffset, "has \(file.count - end) bytes that belong to no tensor", file: file.path, offset: end)
        }
    }

    /// `nil` when the product overflows.
    private static func byteCount(_ shape: [Int], _ elementBytes: Int) -> Int? {
        var count = elementBytes
        for size in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            if overflow { return nil }
            count = product
        }
        return count
    }

    private static let elementBytes = [
        "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
        "I32": 4, "U32": 4, "F32": 4, "F64": 8, "I64": 8, "U64": 8, "C64": 8,
    ]

    private static let readableTypes = [
        "F32": ElementType.float32, "F16": .float16, "BF16": .bfloat16,
    ]
}

/// The JSON header: tensors by name, and `__metadata__`, which says nothing about them.
private struct SafetensorsHeader: Decodable {
    var entries: [String: Entry] = [:]

    struct Entry: Decodable {
        var dtype: String
        var shape: [Int]
        var dataOffsets: [Int]

        enum CodingKeys: String, CodingKey {
            case dtype, shape
            case dataOffsets = "data_offsets"
        }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: AnyKey.self)
        for key in container.allKeys where key.stringValue != "__metadata__" {
            entries[key.stringValue] = try container.decode(Entry.self, forKey: key)
        }
    }

    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

extension Int {
    fileprivate func addingClamped(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

/// One clause that says where in the JSON what is wrong.
func describe(_ error: any Error) -> String {
    func path(_ context: DecodingError.Context) -> String {
        let path = context.codingPath.map(\.stringValue).joined(separator: "/")
        return path.isEmpty ? "" : " in '\(path)'"
    }
    switch error {
    case DecodingError.keyNotFound(let key, let context): return "'\(key.stringValue)' is absent\(path(context))"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
        return "a value of the wrong type\(path(context))"
    case DecodingError.dataCorrupted(let context) where context.codingPath.isEmpty: return "it is not valid JSON"
    case DecodingError.dataCorrupted(let context): return "a value out of range\(path(context))"
    default: return "it is not valid JSON"
    }
}

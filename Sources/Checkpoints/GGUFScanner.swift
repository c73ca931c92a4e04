/// Reads a GGUF header byte by byte. Nothing in the file is trusted: every read is checked against the file's end.
struct GGUFScanner {
    private let file: MappedFile
    private var position = 0

    init(_ file: MappedFile) { self.file = file }

    /// Length limits of ggml's reader: it refuses longer strings, longer arrays and longer tensor names.
    private static let maximumLength = 1 << 30
    private static let maximumNameLength = 63
    private static let maximumDimensions = 4
    /// ggml compares each key and each tensor's name with all before it; real files have some thousands at most.
    private static let maximumCount = 1 << 16

    /// - Throws: `CheckpointError`: `.notACheckpoint`, `.truncated`, `.badHeader`, `.badOffset`, `.unsupportedType`.
    mutating func header() throws(CheckpointError) -> GGUFHeader {
        guard file.copy(at: 0, count: 4) == GGUFHeader.magic else {
            throw CheckpointError(.notACheckpoint, "does not begin with 'GGUF'", file: file.path, offset: 0)
        }
        position = 4
        let version = try integer(UInt32.self, "version")
        if version & 0xFFFF == 0 {
            throw failure(.badHeader, "is written for machines of the other byte order", at: 4)
        }
        guard version == 2 || version == 3 else {
            throw failure(.badHeader, "has version \(version) of GGUF; versions 2 and 3 can be read", at: 4)
        }
        // The shortest tensor entry and the shortest key-value pair, in bytes.
        let tensorCount = try count("tensor count", atLeastBytesEach: 33)
        let valueCount = try count("key count", atLeastBytesEach: 14)
        guard max(tensorCount, valueCount) <= Self.maximumCount else {
            throw failure(
                .badHeader,
                "has \(tensorCount) tensors and \(valueCount) keys; at most \(Self.maximumCount) can be read",
                at: 8)
        }

        var values: [String: GGUFValue] = [:]
        for _ in 0..<valueCount {
            let start = position
            let key = try name("key", upTo: Self.maximumLength)
            if values.updateValue(try value(of: key), forKey: key) != nil {
                throw failure(.badHeader, "has the key '\(key)' twice", at: start)
            }
        }
        let alignment = try alignment(values["general.alignment"])

        var tensors: [(extent: TensorExtent, start: Int)] = []
        var names: Set<String> = []
        for _ in 0..<tensorCount {
            let start = position
            let tensor = try tensor()
            guard names.insert(tensor.name).inserted else {
                throw failure(.badHeader, "is in the header twice", at: start, tensor: tensor.name)
            }
            tensors.append((tensor, start))
        }
        let dataOffset = Self.padded(position, to: alignment)
        return GGUFHeader(
            dataOffset: dataOffset, values: values,
            tensors: try placed(tensors, dataOffset: dataOffset, alignment: alignment))
    }

    // MARK: Key-value pairs

    private mutating func value(of key: String) throws(CheckpointError) -> GGUFValue {
        let type = try valueType(of: key)
        guard type == .array else {
            let value = GGUFValue(type: type, arrayCount: nil, offset: position)
            try skip(1, of: type, "value of '\(key)'")
            return value
        }
        let elementType = try valueType(of: key)
        guard elementType != .array else {
            throw failure(.badHeader, "has an array of arrays under '\(key)'", at: position - 4)
        }
        let elementCount = try count("array length of '\(key)'", atLeastBytesEach: elementType.width ?? 8)
        let value = GGUFValue(type: elementType, arrayCount: elementCount, offset: position)
        try skip(elementCount, of: elementType, "array '\(key)'")
        return value
    }

    private mutating func valueType(of key: String) throws(CheckpointError) -> GGUFType {
        let number = try integer(UInt32.self, "type of '\(key)'")
        guard let type = GGUFType(rawValue: number) else {
            throw failure(.badHeader, "has a value of unknown type \(number) under '\(key)'", at: position - 4)
        }
        return type
    }

    private mutating func skip(
        _ count: Int, of type: GGUFType, _ what: @autoclosure () -> String
    ) throws(CheckpointError) {
        if let width = type.width {
            // No overflow: `count` was checked against the bytes left.
            return try advance(by: count * width, what())
        }
        for _ in 0..<count {
            let length = try length(what())
            try advance(by: length, what())
        }
    }

    private func alignment(_ value: GGUFValue?) throws(CheckpointError) -> Int {
        guard let value else { return GGUFHeader.defaultAlignment }
        guard value.type == .uint32, value.arrayCount == nil,
            let number = file.integer(at: value.offset, as: UInt32.self)
        else {
            throw failure(.badHeader, "states its alignment as something else than a 32-bit integer", at: value.offset)
        }
        guard number.nonzeroBitCount == 1 else {
            throw failure(.badHeader, "states an alignment of \(number), not a power of two", at: value.offset)
        }
        return Int(number)
    }

    // MARK: Tensors

    /// One entry; its offset is still counted from the start of the data.
    private mutating func tensor() throws(CheckpointError) -> TensorExtent {
        let name = try name("tensor name", upTo: Self.maximumNameLength)
        let dimensions = try integer(UInt32.self, "number of dimensions", tensor: name)
        guard (1...UInt32(Self.maximumDimensions)).contains(dimensions) else {
            throw failure(
                .badHeader, "has \(dimensions) dimensions, not 1 to \(Self.maximumDimensions)", at: position - 4,
                tensor: name)
        }
        var shape: [Int] = []
        var elements = 1
        for _ in 0..<dimensions {
            let size = try integer(UInt64.self, "dimension", tensor: name)
            let (product, overflow) = elements.multipliedReportingOverflow(by: Int(clamping: size))
            guard size > 0, size < UInt64(Int.max), !overflow else {
                throw failure(
                    .badHeader, "has a dimension of \(size) elements, which cannot be", at: position - 8, tensor: name)
            }
            elements = product
            shape.insert(Int(size), at: 0)  // The file states the fastest dimension first.
        }
        let number = try integer(UInt32.self, "element type", tensor: name)
        guard let type = ElementType(ggml: number) else {
            throw failure(
                .unsupportedType, "has elements of type \(number), which ggml does not know", at: position - 4,
                tensor: name)
        }
        guard shape[shape.count - 1] % type.blockElements == 0 else {
            throw failure(
                .badHeader,
                "has rows of \(shape[shape.count - 1]) elements, not a multiple of \(type.name)'s blocks of "
                    + "\(type.blockElements)", at: position - 4, tensor: name)
        }
        let (byteCount, overflow) = (elements / type.blockElements).multipliedReportingOverflow(by: type.blockBytes)
        guard !overflow else {
            throw failure(.badHeader, "has more bytes than can be counted", at: position - 4, tensor: name)
        }
        let offset = try integer(UInt64.self, "offset", tensor: name)
        return TensorExtent(
            name: name, type: type, shape: shape, offset: Int(clamping: offset), byteCount: byteCount)
    }

    /// The tensors with their offsets counted from the start of the file.
    ///
    /// GGUF stores them in the header's order, each at the next multiple of the alignment, and ggml insists on it: so
    /// every offset is known in advance, and none can be misaligned or overlap another.
    private func placed(
        _ tensors: [(extent: TensorExtent, start: Int)], dataOffset: Int, alignment: Int
    ) throws(CheckpointError) -> [String: TensorExtent] {
        var placed: [String: TensorExtent] = [:]
        var expected = 0
        for (tensor, start) in tensors {
            guard tensor.offset == expected else {
                let fault =
                    tensor.offset % alignment != 0
                    ? "is not a multiple of the alignment, \(alignment)"
                    : tensor.offset < expected
                        ? "overlaps the tensor before it"
                        : tensor.offset > file.count - min(dataOffset, file.count)
                            ? "is past the file's end" : "leaves a hole after the tensor before it"
                throw failure(
                    .badOffset, "is said to be at \(tensor.offset) of the data, which \(fault)", at: start,
                    tensor: tensor.name)
            }
            // Checked one by one, so the sums stay below twice the file's length plus one padding.
            guard dataOffset <= file.count, expected <= file.count - dataOffset,
                tensor.byteCount <= file.count - dataOffset - expected
            else {
                throw failure(
                    .truncated,
                    "takes \(tensor.byteCount) bytes from offset \(dataOffset + expected) on, past the file's end at "
                        + "\(file.count)", at: start, tensor: tensor.name)
            }
            var extent = tensor
            extent.offset = dataOffset + expected
            placed[tensor.name] = extent
            expected = Self.padded(expected + tensor.byteCount, to: alignment)
        }
        return placed
    }

    private static func padded(_ offset: Int, to alignment: Int) -> Int {
        (offset + alignment - 1) / alignment * alignment
    }

    // MARK: Primitives

    private mutating func integer<T: FixedWidthInteger>(
        _ type: T.Type, _ what: @autoclosure () -> String, tensor: String? = nil
    ) throws(CheckpointError) -> T {
        guard let value = file.integer(at: position, as: type) else {
            throw failure(.truncated, "ends inside the \(what())", at: position, tensor: tensor)
        }
        position += MemoryLayout<T>.size
        return value
    }

    /// A number of entries that can still fit into the file.
    private mutating func count(
        _ what: @autoclosure () -> String, atLeastBytesEach size: Int
    ) throws(CheckpointError) -> Int {
        let start = position
        let number = try integer(UInt64.self, what())
        guard number <= UInt64(Self.maximumLength), Int(number) <= (file.count - position) / size else {
            throw failure(
                .truncated,
                "states \(number) as its \(what()), more than the remaining \(file.count - position) bytes hold",
                at: start)
        }
        return Int(number)
    }

    private mutating func length(_ what: @autoclosure () -> String) throws(CheckpointError) -> Int {
        let start = position
        let number = try integer(UInt64.self, what())
        guard number <= UInt64(Self.maximumLength), Int(number) <= file.count - position else {
            throw failure(
                .truncated,
                "states a length of \(number) in the \(what()), more than its remaining \(file.count - position) bytes",
                at: start)
        }
        return Int(number)
    }

    private mutating func advance(by length: Int, _ what: @autoclosure () -> String) throws(CheckpointError) {
        guard length <= file.count - position else {
            throw failure(.truncated, "ends inside the \(what())", at: position)
        }
        position += length
    }

    /// A key or a tensor's name: non-empty UTF-8 without a zero byte, at which ggml would cut it.
    private mutating func name(_ what: String, upTo limit: Int) throws(CheckpointError) -> String {
        let start = position
        let length = try length(what)
        guard (1...limit).contains(length) else {
            throw failure(.badHeader, "has a \(what) of \(length) bytes, not 1 to \(limit)", at: start)
        }
        guard let bytes = file.copy(at: position, count: length), !bytes.contains(0),
            let name = String(validating: bytes, as: UTF8.self)
        else {
            throw failure(.badHeader, "has a \(what) that is not plain UTF-8", at: start)
        }
        position += length
        return name
    }

    private func failure(
        _ code: CheckpointError.Code, _ message: String, at offset: Int, tensor: String? = nil
    ) -> CheckpointError {
        CheckpointError(code, message, file: file.path, tensor: tensor, offset: offset)
    }
}

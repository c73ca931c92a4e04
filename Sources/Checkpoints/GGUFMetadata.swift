/// A GGUF file's key-value pairs as Swift values. A key that is absent gives `nil`; one of the wrong type throws
/// `CheckpointError.badConfiguration`.
struct GGUFMetadata: Sendable {
    let file: MappedFile
    let values: [String: GGUFValue]

    func integer(_ key: String) throws(CheckpointError) -> Int? {
        guard let value = try single(key) else { return nil }
        return try integer(value, at: value.offset, key)
    }

    func double(_ key: String) throws(CheckpointError) -> Double? {
        guard let value = try single(key) else { return nil }
        switch value.type {
        case .float32: return file.integer(at: value.offset, as: UInt32.self).map { Double(Float(bitPattern: $0)) }
        case .float64: return file.integer(at: value.offset, as: UInt64.self).map { Double(bitPattern: $0) }
        default: return Double(try integer(value, at: value.offset, key))
        }
    }

    func bool(_ key: String) throws(CheckpointError) -> Bool? {
        guard let value = try single(key) else { return nil }
        guard value.type == .bool, let byte = file.integer(at: value.offset, as: UInt8.self) else {
            throw wrongType(key, "true or false", at: value.offset)
        }
        return byte != 0
    }

    /// Text; malformed UTF-8 is repaired.
    func string(_ key: String) throws(CheckpointError) -> String? {
        guard let value = try single(key) else { return nil }
        guard value.type == .string else { throw wrongType(key, "a string", at: value.offset) }
        return bytes(ofStringAt: value.offset).map { String(decoding: $0, as: UTF8.self) }
    }

    /// One integer per block, from an array of `count` or from one integer for all.
    func integers(_ key: String, count: Int) throws(CheckpointError) -> [Int]? {
        guard let value = values[key] else { return nil }
        guard let arrayCount = value.arrayCount else {
            return Array(repeating: try integer(value, at: value.offset, key), count: count)
        }
        guard arrayCount == count else {
            throw CheckpointError(
                .badConfiguration, "has \(arrayCount) values under '\(key)' for \(count) blocks", file: file.path,
                offset: value.offset)
        }
        var integers: [Int] = []
        for index in 0..<count {
            integers.append(try integer(value, at: value.offset + index * (value.type.width ?? 0), key))
        }
        return integers
    }

    func int32s(_ key: String) throws(CheckpointError) -> [Int32]? {
        guard let value = try array(key, of: .int32) else { return nil }
        return (0..<(value.arrayCount ?? 0)).map { file.integer(at: value.offset + 4 * $0, as: Int32.self) ?? 0 }
    }

    func floats(_ key: String) throws(CheckpointError) -> [Float]? {
        guard let value = try array(key, of: .float32) else { return nil }
        return (0..<(value.arrayCount ?? 0)).map {
            Float(bitPattern: file.integer(at: value.offset + 4 * $0, as: UInt32.self) ?? 0)
        }
    }

    func strings(_ key: String) throws(CheckpointError) -> [[UInt8]]? {
        guard let value = try array(key, of: .string) else { return nil }
        var strings: [[UInt8]] = []
        strings.reserveCapacity(value.arrayCount ?? 0)
        var offset = value.offset
        for _ in 0..<(value.arrayCount ?? 0) {
            let string = bytes(ofStringAt: offset) ?? []
            strings.append(string)
            offset += 8 + string.count
        }
        return strings
    }

    // MARK: -

    private func single(_ key: String) throws(CheckpointError) -> GGUFValue? {
        guard let value = values[key] else { return nil }
        guard value.arrayCount == nil else { throw wrongType(key, "a single value", at: value.offset) }
        return value
    }

    private func array(_ key: String, of type: GGUFType) throws(CheckpointError) -> GGUFValue? {
        guard let value = values[key] else { return nil }
        guard value.arrayCount != nil, value.type == type else {
            throw wrongType(key, "an array of \(type)", at: value.offset)
        }
        return value
    }

    /// The scanner has checked that the string lies inside the file.
    private func bytes(ofStringAt offset: Int) -> [UInt8]? {
        file.integer(at: offset, as: UInt64.self).flatMap { file.copy(at: offset + 8, count: Int(clamping: $0)) }
    }

    private func integer(_ value: GGUFValue, at offset: Int, _ key: String) throws(CheckpointError) -> Int {
        let integer: Int? =
            switch value.type {
            case .uint8: file.integer(at: offset, as: UInt8.self).map(Int.init)
            case .int8: file.integer(at: offset, as: Int8.self).map(Int.init)
            case .uint16: file.integer(at: offset, as: UInt16.self).map(Int.init)
            case .int16: file.integer(at: offset, as: Int16.self).map(Int.init)
            case .uint32: file.integer(at: offset, as: UInt32.self).map(Int.init)
            case .int32: file.integer(at: offset, as: Int32.self).map(Int.init)
            case .uint64: file.integer(at: offset, as: UInt64.self).flatMap { Int(exactly: $0) }
            case .int64: file.integer(at: offset, as: Int64.self).map(Int.init)
            case .bool, .float32, .float64, .string, .array: nil
            }
        guard let integer else { throw wrongType(key, "an integer", at: offset) }
        return integer
    }

    private func wrongType(_ key: String, _ wanted: String, at offset: Int) -> CheckpointError {
        CheckpointError(
            .badConfiguration, "has something else than \(wanted) under '\(key)'", file: file.path, offset: offset)
    }
}

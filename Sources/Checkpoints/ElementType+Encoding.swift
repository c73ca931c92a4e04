import CGGML

extension ElementType {
    /// Whether rows of `columns` values are whole blocks.
    package func divides(_ columns: Int) -> Bool { columns % blockElements == 0 }

    /// Bytes of `count` values, whole blocks of them.
    package func byteCount(of count: Int) -> Int { count / blockElements * blockBytes }

    /// Encodes whole blocks as ggml does: rounded to nearest, ties to even, and for quantised types by its reference
    /// quantisers, without an importance matrix.
    /// - Parameter destination: `byteCount(of: count)` bytes.
    /// - Precondition: `isReadable`, and `divides(count)`.
    package func encode(_ source: UnsafePointer<Float>, count: Int, into destination: UnsafeMutableRawPointer) {
        precondition(isReadable && divides(count))
        guard let type, count > 0 else { return }
        if type == GGML_TYPE_F32 {
            destination.copyMemory(from: source, byteCount: count * 4)
        } else {
            _ = ggml_quantize_chunk(type, source, destination, 0, 1, Int64(count), nil)
        }
    }

    /// Makes of `values` what comes back from a file of this type.
    package func round(_ values: UnsafeMutableBufferPointer<Float>) {
        guard type != GGML_TYPE_F32, let address = values.baseAddress else { return }
        let encoded = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount(of: values.count), alignment: 64)
        defer { encoded.deallocate() }
        encode(address, count: values.count, into: encoded.baseAddress!)
        dequantize(UnsafeRawBufferPointer(encoded), into: values)
    }
}

import CGGML
import Checkpoints

/// A GGUF header under construction: key-value pairs and the tensors' names, types and shapes, written by ggml.
final class GGUFMetadataWriter {
    private let context: OpaquePointer
    private let tensors: OpaquePointer
    private let path: String

    /// - Parameters:
    ///   - tensorCount: as many tensors can be added.
    ///   - path: for errors.
    init(tensorCount: Int, path: String) throws(ExportError) {
        let size = ggml_tensor_overhead() * (tensorCount + 1)
        guard let context = gguf_init_empty(),
            let tensors = ggml_init(ggml_init_params(mem_size: size, mem_buffer: nil, no_alloc: true))
        else {
            throw ExportError(.notWritable, "There is no memory for the file's header", path: path)
        }
        self.context = context
        self.tensors = tensors
        self.path = path
    }

    deinit {
        gguf_free(context)
        ggml_free(tensors)
    }

    /// Takes over all pairs of another file except those whose keys begin with one of `prefixes`.
    /// - Parameter file: one that has been opened as a checkpoint: ggml ends the process over some malformed files.
    func copyPairs(of file: String, exceptThoseOf prefixes: [String]) throws(ExportError) {
        guard let source = gguf_init_from_file(file, gguf_init_params(no_alloc: true, ctx: nil)) else {
            throw ExportError(.notWritable, "The metadata of the original file cannot be read again", path: file)
        }
        defer { gguf_free(source) }
        gguf_set_kv(context, source)
        let keys = (0..<gguf_get_n_kv(source)).map { String(cString: gguf_get_key(source, $0)) }
        for key in keys where prefixes.contains(where: key.hasPrefix) { gguf_remove_key(context, key) }
    }

    func set(_ key: String, _ value: Int) { gguf_set_val_u32(context, key, UInt32(clamping: value)) }
    func set(_ key: String, _ value: Float) { gguf_set_val_f32(context, key, value) }
    func set(_ key: String, _ value: Bool) { gguf_set_val_bool(context, key, value) }
    func set(_ key: String, _ value: String) { gguf_set_val_str(context, key, value) }
    func set(_ key: String, _ values: [Int32]) {
        gguf_set_arr_data(context, key, GGUF_TYPE_INT32, values, values.count)
    }
    func set(_ key: String, _ values: [Float]) {
        gguf_set_arr_data(context, key, GGUF_TYPE_FLOAT32, values, values.count)
    }

    /// Strings as bytes, none of which is 0.
    func set(_ key: String, _ values: [[UInt8]]) {
        var bytes: [CChar] = []
        var starts: [Int] = []
        for value in values {
            starts.append(bytes.count)
            bytes += value.map { CChar(bitPattern: $0) }
            bytes.append(0)
        }
        bytes.withUnsafeBufferPointer { bytes in
            var pointers: [UnsafePointer<CChar>?] = starts.map { bytes.baseAddress! + $0 }
            gguf_set_arr_str(context, key, &pointers, pointers.count)
        }
    }

    /// - Parameter shape: row-major, slowest dimension first.
    func add(_ name: String, _ type: ElementType, shape: [Int]) {
        let sizes = shape.reversed().map { Int64($0) }
        let tensor = ggml_new_tensor(tensors, type.type!, Int32(sizes.count), sizes)
        ggml_set_name(tensor, name)
        gguf_add_tensor(context, tensor)
    }

    /// Everything before the tensors' data, padded to where it begins.
    var bytes: [UInt8] {
        let count = gguf_get_meta_size(context)
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            gguf_get_meta_data(context, buffer.baseAddress!)
            initialized = count
        }
    }

    var alignment: Int { gguf_get_alignment(context) }
}

@testable import Checkpoints

extension [UInt8] {
    mutating func append(integer: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: integer.littleEndian) { append(contentsOf: $0) }
    }

    mutating func append(string: String) {
        append(integer: UInt64(string.utf8.count))
        append(contentsOf: string.utf8)
    }

    mutating func append(float: Float) { append(integer: float.bitPattern) }
}

/// Writes GGUF files, malformed ones too.
struct GGUFBuilder {
    struct Tensor {
        var name: String
        /// Fastest first, as the file has it.
        var dimensions: [UInt64]
        var type: UInt32 = 0
        /// `nil`: where it belongs.
        var offset: UInt64?
        var data: [UInt8] = []
    }

    var magic = "GGUF"
    var version: UInt32 = 3
    /// What the tensors are padded to; `general.alignment` says so only if it is set.
    var alignment = 32
    var tensorCount: UInt64?
    var keyCount: UInt64?
    /// Key, type number, encoded value.
    var values: [(key: String, type: UInt32, bytes: [UInt8])] = []
    var tensors: [Tensor] = []

    mutating func set(_ key: String, type: UInt32, _ bytes: [UInt8]) {
        values.removeAll { $0.key == key }
        values.append((key, type, bytes))
    }

    mutating func set(_ key: String, _ value: UInt32) {
        var bytes: [UInt8] = []
        bytes.append(integer: value)
        set(key, type: 4, bytes)
    }

    mutating func set(_ key: String, float value: Float) {
        var bytes: [UInt8] = []
        bytes.append(float: value)
        set(key, type: 6, bytes)
    }

    mutating func set(_ key: String, _ value: String) {
        var bytes: [UInt8] = []
        bytes.append(string: value)
        set(key, type: 8, bytes)
    }

    mutating func set(_ key: String, _ values: [UInt32]) {
        var bytes: [UInt8] = []
        bytes.append(integer: UInt32(4))
        bytes.append(integer: UInt64(values.count))
        for value in values { bytes.append(integer: value) }
        set(key, type: 9, bytes)
    }

    func bytes() -> [UInt8] {
        var bytes = Array(magic.utf8)
        bytes.append(integer: version)
        bytes.append(integer: tensorCount ?? UInt64(tensors.count))
        bytes.append(integer: keyCount ?? UInt64(values.count))
        for value in values {
            bytes.append(string: value.key)
            bytes.append(integer: value.type)
            bytes += value.bytes
        }
        var data: [UInt8] = []
        for tensor in tensors {
            bytes.append(string: tensor.name)
            bytes.append(integer: UInt32(tensor.dimensions.count))
            for size in tensor.dimensions { bytes.append(integer: size) }
            bytes.append(integer: tensor.type)
            bytes.append(integer: tensor.offset ?? UInt64(data.count))
            data += tensor.data
            while data.count % alignment != 0 { data.append(0) }
        }
        while bytes.count % alignment != 0 { bytes.append(0) }
        return bytes + data
    }

    /// One block of hidden size 8, two heads of 4, 8 channels, 5 tokens; tied; element `i` of every tensor is `i`.
    static func model() -> GGUFBuilder {
        var builder = GGUFBuilder()
        builder.set("general.architecture", "llama")
        builder.set("llama.block_count", 1)
        builder.set("llama.context_length", 16)
        builder.set("llama.embedding_length", 8)
        builder.set("llama.feed_forward_length", 8)
        builder.set("llama.attention.head_count", 2)
        builder.set("llama.attention.layer_norm_rms_epsilon", float: 1e-5)
        for (name, shape) in ModelBuilder.shapes(gguf: true) {
            builder.tensors.append(
                Tensor(name: name, dimensions: shape.reversed().map(UInt64.init), data: ModelBuilder.ramp(shape)))
        }
        return builder
    }
}

/// The model that both builders write.
enum ModelBuilder {
    static let description = ModelDescription(
        architecture: .llama, hiddenSize: 8, vocabularySize: 5, headSize: 4, normEpsilon: 1e-5,
        rope: RotaryEmbedding(theta: 10_000), contextLength: 16, tiesEmbeddings: true,
        blocks: [BlockShape(queryHeads: 2, keyValueHeads: 2, channels: 8)])

    static func shapes(gguf: Bool) -> [(name: String, shape: [Int])] {
        description.weightShapes.map { (gguf ? $0.ggufKey : $0.huggingFaceKey, $0.shape) }
    }

    static func ramp(_ shape: [Int]) -> [UInt8] {
        var bytes: [UInt8] = []
        for index in 0..<shape.reduce(1, *) { bytes.append(float: Float(index)) }
        return bytes
    }
}

/// Writes safetensors files, malformed ones too.
struct SafetensorsBuilder {
    struct Tensor {
        var name: String
        var type = "F32"
        var shape: [Int]
        var data: [UInt8]
        /// Text of `data_offsets`, `nil` for the right ones.
        var offsets: String?
    }

    var tensors: [Tensor] = []
    var headerLength: UInt64?

    func bytes() -> [UInt8] {
        var entries = [#""__metadata__":{"format":"pt"}"#]
        var data: [UInt8] = []
        for tensor in tensors {
            let offsets = tensor.offsets ?? "[\(data.count),\(data.count + tensor.data.count)]"
            entries.append(
                #""\#(tensor.name)":{"dtype":"\#(tensor.type)","shape":\#(tensor.shape),"data_offsets":\#(offsets)}"#)
            data += tensor.data
        }
        return Self.file(header: "{\(entries.joined(separator: ","))}", length: headerLength, data: data)
    }

    static func file(header: String, length: UInt64? = nil, data: [UInt8]) -> [UInt8] {
        var header = Array(header.utf8)
        while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
        var bytes: [UInt8] = []
        bytes.append(integer: length ?? UInt64(header.count))
        return bytes + header + data
    }

    static func model() -> SafetensorsBuilder {
        SafetensorsBuilder(
            tensors: ModelBuilder.shapes(gguf: false).map {
                Tensor(name: $0.name, shape: $0.shape, data: ModelBuilder.ramp($0.shape))
            })
    }

    static let configuration = """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 8, "num_hidden_layers": 1,
         "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": 5, "max_position_embeddings": 16,
         "rms_norm_eps": 1e-05, "rope_theta": 10000, "tie_word_embeddings": true, "hidden_act": "silu",
         "bos_token_id": null, "use_cache": true}
        """
}

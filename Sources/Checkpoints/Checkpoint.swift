/// The weights of a model, wherever they come from: what a model is loaded from and what is exported.
package protocol WeightSource: Sendable {
    var description: ModelDescription { get }

    /// Values row-major `[rows, columns]` as `description` states them; q/k rows in the half-split rotary order. Writes
    /// exactly `WeightShape.count` floats.
    /// - Throws: what cannot be read; a weight that the description does not call for.
    func read(_ weight: Weight, into destination: UnsafeMutableBufferPointer<Float>) throws
}

/// An opened model on disk, whatever its format. Tensors are read on demand, dequantised; nothing is kept of what was
/// read.
///
/// `read` throws `CheckpointError`: unreadable, or a value that is not finite (with tensor and index).
package protocol Checkpoint: WeightSource {
    /// The file or folder the user named.
    var path: String { get }
    var format: CheckpointFormat { get }
    /// What the checkpoint stores for each weight of the description.
    var storedTensors: [Weight: StoredTensor] { get }
    var tokenizer: TokenizerSource { get }
}

extension WeightSource {
    /// The values of a weight, `nil` when the model does not have it.
    /// - Throws: what `read` throws.
    package func values(_ role: Weight.Role, _ block: Int? = nil) throws -> [Float]? {
        try values(of: Weight(role, block: block))
    }

    /// The values of a weight, `nil` when the model does not have it.
    /// - Throws: what `read` throws.
    package func values(of weight: Weight) throws -> [Float]? {
        guard let shape = description.weightShape(weight) else { return nil }
        var failure: (any Error)?
        let values = [Float](unsafeUninitializedCapacity: shape.count) { buffer, count in
            buffer.initialize(repeating: 0)
            do { try read(weight, into: buffer) } catch { failure = error }
            count = shape.count
        }
        if let failure { throw failure }
        return values
    }
}

package enum CheckpointFormat: String, Sendable {
    case gguf
    case huggingFace = "huggingface"
}

package struct StoredTensor: Sendable, Equatable {
    /// Key in the file.
    package var name: String
    /// The element type in the file's own words: `F32`, `BF16`, `Q4_1`, …
    package var elementType: String
    package var byteCount: Int

    package init(name: String, elementType: String, byteCount: Int) {
        self.name = name
        self.elementType = elementType
        self.byteCount = byteCount
    }
}

/// Where the tokenizer's definition is.
package enum TokenizerSource: Sendable {
    /// A Hugging Face folder: `tokenizer.json` and, where present, `tokenizer_config.json`, `chat_template.jinja`.
    case folder(String)
    case gguf(GGUFTokenizerMetadata)
}

/// The `tokenizer.*` metadata of a GGUF file, strings as bytes (Swift `String` equality is canonical and would merge
/// distinct tokens).
package struct GGUFTokenizerMetadata: Sendable {
    /// `tokenizer.ggml.model`: `gpt2` (byte-level BPE), `llama` (SentencePiece).
    package var model = ""
    /// `tokenizer.ggml.pre`.
    package var preTokenizer: String?
    package var tokens: [[UInt8]] = []
    package var tokenTypes: [Int32] = []
    package var scores: [Float] = []
    package var merges: [[UInt8]] = []
    package var beginOfTextToken: Int?
    package var endOfTextToken: Int?
    /// `eot`: ends a turn of a conversation, where that is another token.
    package var endOfTurnToken: Int?
    /// `eom`: ends a message that waits for a tool.
    package var endOfMessageToken: Int?
    package var unknownToken: Int?
    package var paddingToken: Int?
    package var addsBeginOfText: Bool?
    package var addsEndOfText: Bool?
    package var addsSpacePrefix: Bool?
    package var chatTemplate: String?

    package init() {}
}

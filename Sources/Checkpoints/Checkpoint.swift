/// An opened model on disk, whatever its format. Tensors are read on demand; nothing is kept of what was read.
package protocol Checkpoint: Sendable {
    /// The file or folder the user named.
    var path: String { get }
    var format: CheckpointFormat { get }
    var description: ModelDescription { get }
    /// What the checkpoint stores for each weight of the description.
    var storedTensors: [Weight: StoredTensor] { get }
    var tokenizer: TokenizerSource { get }

    /// Dequantised values, row-major `[rows, columns]` as `description` states them; q/k rows in the half-split rotary
    /// order. Writes exactly `WeightShape.count` floats.
    /// - Throws: `CheckpointError`: unreadable, or a value that is not finite (with tensor and index).
    func read(_ weight: Weight, into destination: UnsafeMutableBufferPointer<Float>) throws
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
    package var unknownToken: Int?
    package var paddingToken: Int?
    package var addsBeginOfText: Bool?
    package var addsEndOfText: Bool?
    package var addsSpacePrefix: Bool?
    package var chatTemplate: String?

    package init() {}
}

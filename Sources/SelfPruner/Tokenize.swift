import Checkpoints
import Tokenization

/// The content of `selfpruner tokenize --json`.
public struct TokenizationReport: Sendable, Codable {
    public var ids: [Int32]
}

/// Token ids of a text, malformed UTF-8 replaced as the tokenizer documents.
/// - Parameters:
///   - model: a GGUF file or a Hugging Face folder.
///   - addsSpecialTokens: begin- and end-of-text tokens where the model's tokenizer adds them.
///   - parsesSpecialTokens: special tokens written out in the text become what they say.
/// - Throws: errors that describe themselves in a sentence.
public func tokenize(
    model: String, text: [UInt8], addsSpecialTokens: Bool = false, parsesSpecialTokens: Bool = true
) throws -> TokenizationReport {
    let tokenizer = try Tokenizer(try openCheckpoint(model).tokenizer)
    return TokenizationReport(
        ids: tokenizer.encode(
            text, addingSpecialTokens: addsSpecialTokens, parsingSpecialTokens: parsesSpecialTokens))
}

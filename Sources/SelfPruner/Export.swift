import Checkpoints
import Export
import Foundation
import Tokenization

/// What to convert and into what.
public struct ExportOptions: Sendable {
    public var model: String
    /// A folder, or for GGUF also a file that ends in `.gguf`.
    public var output: String
    public var form = OutputForm()
    public var overwrite = false
    public var compute = ComputeOptions()

    public init(model: String, output: String) {
        self.model = model
        self.output = output
    }
}

/// The content of `selfpruner export --json`.
public struct ExportReport: Sendable, Codable {
    public var model: String
    public var output: String
    public var format: OutputForm.Format
    /// What weights are stored as: `bfloat16`, `q4_k_m`.
    public var elementType: String
    /// All parameters, a tied head counted once; those that a format adds as zeros among them.
    public var parameters: Int
    /// Bytes of the weights on the disk, before and after.
    public var bytesBefore: Int
    public var bytes: Int
    public var check: Check

    /// The self-check: the model was read back and run.
    public struct Check: Sendable, Codable {
        public var tokens: Int
        /// Root mean square of the logits' differences, in standard deviations of the logits.
        public var deviation: Double
    }
}

/// Writes a model in another form, reads it back and compares it.
/// - Throws: errors that describe themselves in a sentence; `CancellationError`. The output then does not exist.
public func export(
    _ options: ExportOptions, observer: some RunObserver = SilentObserver()
) throws -> ExportReport {
    let precision = try options.compute.apply()
    try options.form.check()
    let checkpoint = try openCheckpoint(options.model)
    let tokenizer = try Tokenizer(checkpoint.tokenizer)
    let writer = ModelWriter(options.form, original: checkpoint, tokenizer: tokenizer)

    let isFile = options.form.format == .gguf && options.output.lowercased().hasSuffix(".gguf")
    let output: any PendingOutput =
        isFile
        ? try OutputFile(options.output, overwrite: options.overwrite)
        : try OutputFolder(options.output, overwrite: options.overwrite)
    do {
        let expected = try observer.stage("write", total: 1, unit: "model") { _ in
            try writer.write(checkpoint, to: output)
        }
        let written = try openCheckpoint(output.path)
        let check = try observer.stage("check", total: 1, unit: "model") { _ in
            try ExportCheck(written, is: expected, precision: precision)
        }
        if observer.isCancelled { throw CancellationError() }
        let summary = ModelSummary(written)
        try output.publish()
        return ExportReport(
            model: options.model, output: options.output, format: options.form.format,
            elementType: writer.elementName, parameters: summary.parameters,
            bytesBefore: ModelSummary(checkpoint).bytes, bytes: summary.bytes,
            check: .init(tokens: check.tokens, deviation: check.deviation))
    } catch {
        output.discard()
        throw error
    }
}

extension OutputForm {
    /// - Throws: `SelfPrunerError.badOption`: a setting of another format.
    func check() throws(SelfPrunerError) {
        if format == .gguf, elementType != .auto {
            throw SelfPrunerError(.badOption, "A GGUF file's types are named by --quantize, not by --element-type")
        }
        if format == .gguf, maximumShardBytes != nil {
            throw SelfPrunerError(.badOption, "A GGUF file is not split; --max-shard-size is for Hugging Face folders")
        }
        if format != .gguf, quantization != .auto {
            throw SelfPrunerError(
                .badOption, "Only GGUF files are quantised; add --format gguf, or leave --quantize out")
        }
        if let maximumShardBytes, maximumShardBytes < 1 {
            throw SelfPrunerError(.badOption, "A file must have at least a byte, not \(maximumShardBytes)")
        }
    }
}

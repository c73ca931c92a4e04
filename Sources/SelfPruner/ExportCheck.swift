import Checkpoints
import Export
import Foundation
import Kernels
import Models
import Search

/// Whether what was written is the model that was meant: both run the same tokens, and their logits must agree.
struct ExportCheck {
    /// Root mean square of the logits' differences, in standard deviations of the logits.
    let deviation: Double
    let tokens: Int

    private static let tokenCount = 64

    /// Rounding is the same in both, so that in float32 they differ by the order of sums only. A head or a norm in the
    /// wrong place makes a deviation near 1.
    private static func tolerance(_ precision: Precision) -> Double { precision == .float32 ? 1e-3 : 0.1 }

    /// - Parameters:
    ///   - written: what was written, opened again.
    ///   - expected: the weights as that must give them back.
    ///   - precision: used where the weights in float32 would take more than a quarter of the machine's memory.
    /// - Throws: `ExportError.mismatch`; what cannot be read back.
    init(_ written: any Checkpoint, is expected: any WeightSource, precision: Precision) throws {
        let bytes = max(expected.description.parameters, written.description.parameters) * 4
        let precision = bytes < Int(clamping: ProcessInfo.processInfo.physicalMemory / 4) ? .float32 : precision
        let description = expected.description
        var generator = SeededGenerator(seed: 0)
        let tokens = (0..<min(Self.tokenCount, description.contextLength)).map { _ in
            Int32(generator.uniform(below: description.vocabularySize))
        }
        let before = try Self.logits(expected, tokens, precision)
        let after = try Self.logits(written, tokens, precision)
        self.tokens = tokens.count
        deviation = before.count == after.count ? Self.deviation(before, after) : .infinity
        guard deviation <= Self.tolerance(precision) else {
            throw ExportError(
                .mismatch,
                "The model that was written does not compute what it should: its logits are \(deviation) standard "
                    + "deviations off on \(tokens.count) tokens; please report this", path: written.path)
        }
    }

    private static func logits(
        _ weights: any WeightSource, _ tokens: [Int32], _ precision: Precision
    ) throws -> [Float] {
        let model = try LlamaModel(weights, precision: precision, positions: tokens.count)
        return try model.logits(of: tokens)
    }

    private static func deviation(_ before: [Float], _ after: [Float]) -> Double {
        let count = Double(max(before.count, 1))
        let mean = before.reduce(0.0) { $0 + Double($1) } / count
        let variance = before.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
        let error = zip(before, after).reduce(0.0) {
            $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
        }
        // Not a number is no agreement.
        let deviation = (error / count / max(variance, 1e-30)).squareRoot()
        return deviation.isNaN ? .infinity : deviation
    }
}

extension LlamaModel {
    /// All logits of one sequence, row-major [tokens, vocabulary].
    func logits(of tokens: [Int32]) throws -> [Float] {
        let workspace = Workspace(self, rows: tokens.count)
        try forward(TokenBatch([tokens]), in: workspace)
        let count = tokens.count * description.vocabularySize
        return try [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            try workspace.head.logits(workspace.output, rows: tokens.count, into: buffer.baseAddress!)
            initialized = count
        }
    }
}

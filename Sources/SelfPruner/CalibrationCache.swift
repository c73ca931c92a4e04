import Calibration
import Checkpoints
import Export
import Foundation
import Gradients
import Kernels
import Logging
import Models
import Search

private let log = Logger(label: "selfpruner.calibration-cache")

/// What calibrations measured, kept in a folder between runs: a folder in it for each model, text, precision, number of
/// threads and weight of first tokens, with `calibration.json` and the matrices in `moments.safetensors`. What is read
/// from there is what was measured, to the last bit.
struct CalibrationCache {
    private let key: Key
    /// Of this calibration.
    private let folder: URL
    /// Inputs of each output projection of the model; `nil` where there is none.
    private let widths: (attention: [Int?], mlp: [Int?])
    /// D
    private let outputs: Int

    /// What decides about the moments.
    private struct Key: Codable, Equatable {
        var version = 2
        var model: RunIdentity.Model
        var text: String
        var precision: String
        var threads: Int
        var firstTokenWeight: Double
    }

    private struct Contents: Codable {
        var key: Key
        var hasProducts: Bool
        var calibrationSeconds: Double
        var attention: [ActivationMoments.Summary?]
        var mlp: [ActivationMoments.Summary?]
        /// Left out where there are no gradients.
        var gradients: Gradients?

        struct Gradients: Codable {
            /// Of the text.
            var tokens: Int
            var seconds: Double
            /// D
            var width: Int
            /// Per block, gradients of the sublayer; `nil` where there is none.
            var attention: [Int?]
            var mlp: [Int?]
        }
    }

    /// `nil` where no cache is asked for.
    init?(
        _ options: SearchOptions, _ checkpoint: any Checkpoint, _ model: LlamaModel, calibration windows: [[Int32]]
    ) {
        guard let cache = options.calibrationCache else { return nil }
        key = Key(
            model: RunIdentity.Model(checkpoint), text: RunIdentity.fingerprint(windows),
            precision: model.precision.rawValue, threads: Threads.count, firstTokenWeight: options.firstTokenWeight)
        var hash = StableHash()
        let fields = [key.model.fingerprint, key.text, key.precision, "\(key.threads)", "\(key.firstTokenWeight)"]
        hash.add("\(key.version) \(fields.joined(separator: " "))".utf8)
        folder = URL(fileURLWithPath: cache).appendingPathComponent(hash.hexadecimal)
        widths = (
            model.attention.map { $0.keyValueHeads > 0 ? $0.queryHeads * model.description.headSize : nil },
            model.mlp.map { $0.channels > 0 ? $0.channels : nil }
        )
        outputs = model.description.hiddenSize
    }

    /// Whether there is a folder to write to: before anything that takes time.
    /// - Throws: `SelfPrunerError.outputNotWritable`.
    static func check(_ options: SearchOptions) throws(SelfPrunerError) {
        guard let cache = options.calibrationCache else { return }
        do {
            try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
        } catch {
            throw SelfPrunerError(
                .outputNotWritable,
                "The folder \(cache) for the calibration cannot be made: \((error as NSError).localizedDescription)")
        }
        guard FileManager.default.isWritableFile(atPath: cache) else {
            throw SelfPrunerError(
                .outputNotWritable, "The folder \(cache) for the calibration cannot be written to")
        }
    }
}

// MARK: Reading

extension CalibrationCache {
    /// - Parameter keepsProducts: a calibration without products will not do.
    /// - Throws: `SelfPrunerError.unreadable`.
    func calibration(keepsProducts: Bool) throws(SelfPrunerError) -> (value: Calibration, seconds: Double)? {
        guard let contents = try contents(), contents.hasProducts || !keepsProducts else { return nil }
        let matrices = try keepsProducts ? matrices() : nil
        func moments(
            _ kind: String, _ summaries: [ActivationMoments.Summary?]
        ) throws(SelfPrunerError) -> [ActivationMoments?] {
            var moments: [ActivationMoments?] = []
            for (block, summary) in summaries.enumerated() {
                guard let summary else {
                    moments.append(nil)
                    continue
                }
                let gram = try matrices.map { matrices throws(SelfPrunerError) in
                    try matrix("\(kind).\(block).products", order: summary.width, in: matrices)
                }
                moments.append(ActivationMoments(summary, gram: gram))
            }
            return moments
        }
        let value = Calibration(
            attention: try moments("attention", contents.attention), mlp: try moments("mlp", contents.mlp))
        return (value, contents.calibrationSeconds)
    }

    /// - Parameter tokens: of gradients of another number of tokens there is nothing.
    /// - Throws: `SelfPrunerError.unreadable`.
    func metrics(tokens: Int) throws(SelfPrunerError) -> (value: OutputMetrics, seconds: Double)? {
        guard let gradients = try contents()?.gradients, gradients.tokens == tokens else { return nil }
        let matrices = try matrices()
        func metrics(_ kind: String, _ counts: [Int?]) throws(SelfPrunerError) -> [OutputMetric?] {
            var metrics: [OutputMetric?] = []
            for (block, tokens) in counts.enumerated() {
                guard let tokens else {
                    metrics.append(nil)
                    continue
                }
                let gram = try matrix(
                    Self.gradients(kind, block, of: gradients.tokens), order: gradients.width, in: matrices)
                metrics.append(OutputMetric(width: gradients.width, tokens: tokens, gram: gram))
            }
            return metrics
        }
        let value = OutputMetrics(
            attention: try metrics("attention", gradients.attention), mlp: try metrics("mlp", gradients.mlp))
        return (value, gradients.seconds)
    }

    /// The name has the number of tokens: where another process replaces the folder between two files that are read, what
    /// does not belong together is not found.
    private static func gradients(_ kind: String, _ block: Int, of tokens: Int) -> String {
        "\(kind).\(block).gradients-of-\(tokens)"
    }

    /// `nil` where there is nothing, or something else of the same name.
    private func contents() throws(SelfPrunerError) -> Contents? {
        let path = folder.appendingPathComponent("calibration.json")
        guard FileManager.default.fileExists(atPath: path.path) else { return nil }
        let contents: Contents
        do {
            contents = try JSONDecoder().decode(Contents.self, from: Data(contentsOf: path))
        } catch {
            throw unreadable("calibration.json is not what was written")
        }
        guard contents.key == key else { return nil }
        guard (contents.attention + contents.mlp).allSatisfy({ $0?.isConsistent ?? true }),
            contents.attention.map({ $0?.width }) == widths.attention, contents.mlp.map({ $0?.width }) == widths.mlp,
            contents.gradients.map(isOfModel) ?? true
        else { throw unreadable("calibration.json does not describe this model") }
        return contents
    }

    private func isOfModel(_ gradients: Contents.Gradients) -> Bool {
        gradients.width == outputs
            && gradients.attention.map { $0 == nil } == widths.attention.map { $0 == nil }
            && gradients.mlp.map { $0 == nil } == widths.mlp.map { $0 == nil }
    }

    private func matrices() throws(SelfPrunerError) -> SafetensorsFile {
        do {
            return try SafetensorsFile(path: folder.appendingPathComponent("moments.safetensors").path)
        } catch {
            throw unreadable("\(error)")
        }
    }

    private func matrix(
        _ name: String, order: Int, in file: SafetensorsFile
    ) throws(SelfPrunerError) -> AlignedBuffer {
        do {
            let buffer = AlignedBuffer(floats: order * order)
            try file.read(name, shape: [order, order], into: buffer.floats)
            return buffer
        } catch {
            throw unreadable("\(error)")
        }
    }

    private func unreadable(_ reason: String) -> SelfPrunerError {
        SelfPrunerError(
            .unreadable,
            "What is kept of the calibration in \(folder.path) cannot be read (\(reason)); delete the folder, and it is"
                + " measured again")
    }
}

// MARK: Writing

extension CalibrationCache {
    /// Nothing is kept, and a warning says why, where that is not possible: no work is thrown away for it.
    func keep(_ calibration: Calibration, seconds: Double) {
        // Of a model that gives no numbers nothing is kept; what follows says what is wrong.
        guard (calibration.attention + calibration.mlp).allSatisfy({ $0?.isFinite ?? true }) else { return }
        warning { try write(contents(calibration, seconds), calibration, nil) }
    }

    /// The same with gradients.
    /// - Parameter tokens: of the text.
    func keep(_ metrics: OutputMetrics, tokens: Int, with calibration: Calibration, seconds: Double) {
        guard (metrics.attention + metrics.mlp).allSatisfy({ $0?.isFinite ?? true }) else { return }
        warning {
            // The calibration came first, and is there unless it could not be kept.
            guard let known = try self.contents() else { return }
            var contents = contents(calibration, known.calibrationSeconds)
            contents.gradients = Contents.Gradients(
                tokens: tokens, seconds: seconds,
                width: outputs,
                attention: metrics.attention.map { $0?.tokens }, mlp: metrics.mlp.map { $0?.tokens })
            try write(contents, calibration, metrics)
        }
    }

    private func warning(_ body: () throws -> Void) {
        do {
            try body()
        } catch {
            log.warning("the calibration is not kept: \(error)")
        }
    }

    private func contents(_ calibration: Calibration, _ seconds: Double) -> Contents {
        Contents(
            key: key, hasProducts: (calibration.attention + calibration.mlp).allSatisfy { $0?.keepsProducts ?? true },
            calibrationSeconds: seconds, attention: calibration.attention.map { $0?.summary },
            mlp: calibration.mlp.map { $0?.summary })
    }

    private func write(_ contents: Contents, _ calibration: Calibration, _ metrics: OutputMetrics?) throws {
        var matrices: [(entry: SafetensorsWriter.Entry, values: AlignedBuffer)] = []
        func add(_ name: String, _ order: Int, _ values: AlignedBuffer) {
            matrices.append((SafetensorsWriter.Entry(name: name, shape: [order, order]), values))
        }
        let kinds = [
            ("attention", calibration.attention, metrics?.attention ?? []),
            ("mlp", calibration.mlp, metrics?.mlp ?? []),
        ]
        for (kind, moments, metrics) in kinds {
            for case (let block, let moments?) in moments.enumerated() where moments.keepsProducts {
                add("\(kind).\(block).products", moments.width, moments.gram)
            }
            for case (let block, let metric?) in metrics.enumerated() {
                add(
                    Self.gradients(kind, block, of: contents.gradients?.tokens ?? 0), metric.width, metric.gram)
            }
        }
        let output = try OutputFolder(folder.path, overwrite: true)
        do {
            try output.write("calibration.json", JSONEncoder().encode(contents))
            try SafetensorsWriter(matrices.map(\.entry), element: .float32)
                .write(to: output.path + "/moments.safetensors") { index in
                    let (entry, values) = matrices[index]
                    return values.array(entry.shape.reduce(1, *))
                }
            try output.publish()
        } catch {
            output.discard()
            throw error
        }
    }
}

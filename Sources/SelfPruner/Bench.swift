import Checkpoints
import Foundation

/// The content of `selfpruner bench --json`.
public struct BenchReport: Sendable, Codable {
    public var program: String
    public var promptTokens: Int
    public var newTokens: Int
    /// Of each model.
    public var runs: Int
    public var precision: String
    public var threads: Int
    /// Processes that wanted to run in the minute before the first run: above half a one, the speeds are not to be used.
    public var loadAverage: Double?
    /// The model that ratios refer to, as it was named.
    public var reference: String?
    public var models: [Model]

    public struct Model: Sendable, Codable {
        /// As it was named.
        public var model: String
        public var figures: Figures
        /// Over the reference's figures in the same turn.
        public var ratios: Figures?
        /// In the order in which they were made.
        public var runs: [BenchRun]
    }

    /// What was measured, or ratios of it.
    public struct Figures: Sendable, Codable, Equatable {
        public var prefillTokensPerSecond: Spread
        public var decodeTokensPerSecond: Spread
        public var firstTokenSeconds: Spread
        public var loadSeconds: Spread
        public var peakMemoryBytes: Spread
        /// Size of the GGUF file, or of a folder's safetensors files.
        public var diskBytes: Spread
    }

    /// Of several runs.
    public struct Spread: Sendable, Codable, Equatable {
        public var median: Double
        public var lowest: Double
        public var highest: Double

        init(_ values: [Double]) {
            let sorted = values.sorted()
            lowest = sorted.first ?? .nan
            highest = sorted.last ?? .nan
            let middle = sorted.count / 2
            median =
                sorted.isEmpty
                ? .nan : sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
        }
    }

    /// Something else was running.
    public var isDisturbed: Bool { Self.warning(of: loadAverage) != nil }
}

/// Measures models in turns, every run by itself, and compares them turn by turn: the machine's speed drifts.
/// - Parameter measure: measures a model, best in a process of its own, which `benchRun` is made for.
/// - Throws: errors that describe themselves in a sentence; `CancellationError`; what `measure` throws.
public func bench(
    _ options: BenchOptions, observer: some RunObserver = SilentObserver(),
    measure: (_ model: String) throws -> BenchRun
) throws -> BenchReport {
    try bench(options, observer: observer, loadAverage: systemLoadAverage, measure: measure)
}

/// - Parameter loadAverage: from before this process did any work of its own.
func bench(
    _ options: BenchOptions, observer: some RunObserver, loadAverage: Double?,
    measure: (_ model: String) throws -> BenchRun
) throws -> BenchReport {
    try options.check()
    guard !options.models.isEmpty else { throw SelfPrunerError(.badOption, "There is no model to measure") }
    if let reference = options.reference { precondition(options.models.indices.contains(reference)) }
    var sizes: [Int] = []
    for model in options.models {
        let checkpoint = try openCheckpoint(model)
        try options.check(checkpoint)
        sizes.append(try checkpoint.diskBytes())
    }
    var runs = [[BenchRun]](repeating: [], count: options.models.count)
    try observer.stage("bench", total: options.runs * options.models.count, unit: "runs") { progress in
        for turn in 0..<options.runs {
            for (index, model) in options.models.enumerated() {
                if observer.isCancelled { throw CancellationError() }
                runs[index].append(try measure(model))
                progress(turn * options.models.count + index + 1)
            }
        }
    }
    let tables = zip(runs, sizes).map { runs, bytes in runs.map { $0.values(diskBytes: bytes) } }
    let models = options.models.indices.map { index in
        var model = BenchReport.Model(
            model: options.models[index], figures: BenchReport.Figures(tables[index]), runs: runs[index])
        if let reference = options.reference, reference != index {
            model.ratios = BenchReport.Figures(
                zip(tables[index], tables[reference]).map { zip($0, $1).map { $0 / $1 } })
        }
        return model
    }
    return BenchReport(
        program: "selfpruner \(selfPrunerVersion)", promptTokens: options.promptTokens, newTokens: options.newTokens,
        runs: options.runs, precision: runs[0][0].precision, threads: runs[0][0].threads, loadAverage: loadAverage,
        reference: options.reference.map { options.models[$0] }, models: models)
}

extension BenchRun {
    /// In the order of `BenchReport.Figures`.
    fileprivate func values(diskBytes: Int) -> [Double] {
        [
            prefillTokensPerSecond, decodeTokensPerSecond, firstTokenSeconds, loadSeconds, Double(peakMemoryBytes),
            Double(diskBytes),
        ]
    }
}

extension BenchReport.Figures {
    /// - Parameter turns: [turn][figure], in the order of the properties.
    fileprivate init(_ turns: [[Double]]) {
        func spread(_ figure: Int) -> BenchReport.Spread { BenchReport.Spread(turns.map { $0[figure] }) }
        self.init(
            prefillTokensPerSecond: spread(0), decodeTokensPerSecond: spread(1), firstTokenSeconds: spread(2),
            loadSeconds: spread(3), peakMemoryBytes: spread(4), diskBytes: spread(5))
    }
}

extension Checkpoint {
    /// Size of the GGUF file, or of all safetensors files of the folder.
    /// - Throws: `SelfPrunerError.unreadable` for files that are gone meanwhile.
    func diskBytes() throws(SelfPrunerError) -> Int {
        do {
            let manager = FileManager.default
            let files =
                format == .gguf
                ? [path]
                : try manager.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".safetensors") }
                    .map { path + "/" + $0 }
            return try files.reduce(0) { sum, file in
                // A checkpoint in the hub's cache is a folder of links.
                let target = URL(fileURLWithPath: file).resolvingSymlinksInPath().path
                return sum + ((try manager.attributesOfItem(atPath: target)[.size] as? NSNumber)?.intValue ?? 0)
            }
        } catch {
            throw SelfPrunerError(.unreadable, "The files of \(path) cannot be examined: \(reason(of: error))")
        }
    }
}

/// Processes that wanted to run, the mean of the last minute.
var systemLoadAverage: Double? {
    var average = 0.0
    return getloadavg(&average, 1) == 1 ? average : nil
}

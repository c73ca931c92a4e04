import Calibration
import Checkpoints
import Compaction
import Evaluation
import Export
import Factors
import Foundation
import Journals
import Kernels
import Models
import Search
import Tokenization

/// Prunes a model: calibrates, searches, compacts, writes the smaller model and measures it as it was written.
///
/// The search keeps a journal in a folder of its own, from which the same call goes on when it was interrupted.
/// - Parameter measureSpeed: measures a model's speed, best in a process of its own; see `bench`. Asked where the options
///   want it.
/// - Returns: the report, also written to the output folder.
/// - Throws: errors that describe themselves in a sentence; `CancellationError`. The output then does not exist.
public func prune(
    _ options: PruneOptions, observer: some RunObserver = SilentObserver(),
    measureSpeed: ((_ model: String) throws -> BenchRun)? = nil
) async throws -> PruneReport {
    if options.bench != nil, measureSpeed == nil {
        throw SelfPrunerError(.badOption, "Speed is to be measured, and nothing was named that measures it")
    }
    try options.search.check()
    try options.checkAllocation()
    try options.checkAmount()
    try options.checkMeasures()
    try options.form.check()
    try OutputFolder.check(options.output, overwrite: options.overwrite)
    let precision = try options.compute.apply()
    var run = try PruneRun(options, precision, observer)
    return try await run.run(measureSpeed)
}

/// The stages of one pruning, in order.
struct PruneRun<Observer: RunObserver> {
    /// With the rate that was settled on.
    var options: PruneOptions
    let observer: Observer
    let prepared: PreparedModel
    let measures: ModelMeasures
    var times = StageTimes()

    var checkpoint: any Checkpoint { prepared.checkpoint }
    var texts: PruneTexts { prepared.texts }

    init(_ options: PruneOptions, _ precision: Precision, _ observer: Observer) throws {
        self.options = options
        self.observer = observer
        var measures: ModelMeasures?
        prepared = try PreparedModel(options.search, precision, observer) { checkpoint, tokenizer in
            let prompts = try options.continuations.map { try PreparedPrompts($0) }
            measures = try ModelMeasures(options.tasks, prompts, options.model, checkpoint, tokenizer, observer)
            return measures?.positions ?? 0
        }
        self.measures = measures!
    }

    mutating func run(_ measureSpeed: ((_ model: String) throws -> BenchRun)?) async throws -> PruneReport {
        try options.bench?.check(checkpoint)
        try settleRate()
        try PreparedSearch.check(prepared, options.search)
        // Made first: a place that cannot be written is not worth a search, and another process may be at work on the
        // run.
        let folder = try OutputFolder(options.output, overwrite: options.overwrite)
        do {
            let runFolder =
                options.settledAllocation == .search && !options.triesRates
                ? try SearchRun<Observer>.open(options.settledRun, options.search, prepared) : nil
            do {
                var report = try await write(into: folder, runFolder)
                if let measureSpeed { try bench(&report, folder.path, measureSpeed) }
                try folder.write("report.json", JSONOutput.encode(report))
                try folder.write("report.md", Data(report.markdown.utf8))
                try folder.publish()
                // The output has a copy.
                if options.run == nil { removeRun(runFolder) }
                return report
            } catch {
                runFolder?.removeIfUnused()
                throw error
            }
        } catch {
            folder.discard()
            throw error
        }
    }

    /// All but the reports.
    private mutating func write(into folder: OutputFolder, _ runFolder: RunFolder?) async throws -> PruneReport {
        var (before, text) = try measureBefore()
        let chosen = try await choose(runFolder)
        let shapes = try chosen.space.blocks(of: chosen.candidate, in: checkpoint.description)
        let writer = ModelWriter(options.form, original: checkpoint, tokenizer: prepared.tokenizer)
        let (blocks, refit) = try refit(chosen.plan.compact(shapes))
        let compacted = CompactedModel(blocks, outside: checkpoint)
        let expected = try writer.write(compacted, to: folder)
        let written = try openCheckpoint(folder.path)
        let start = ContinuousClock.now
        _ = try ExportCheck(written, is: expected, precision: prepared.model.precision)
        times.add("check", since: start)
        let smaller = try loadModel(
            written, prepared.model.precision, positions: max(texts.longestWindow, measures.positions ?? 0), observer)
        var after = try measureAfter(smaller, written, text)
        try measure(prepared.model, &before, "before")
        try measure(smaller, &after, "after")
        var report = report(before, after, chosen, shapes, refit, writer.elementName)
        report.protocols.divergenceTokens = text.divergenceTokens
        report.target = try target(chosen, blocks.description, folder)
        if options.run == nil, let run = chosen.run ?? runFolder { try copy(run, into: folder) }
        return report
    }

    /// Measures both models' speed, where that is wanted: last, when this process holds no more than the dense model. If it
    /// cannot be measured, the model is whole all the same, and the report says why.
    /// - Parameter smaller: where the smaller model is.
    /// - Throws: `CancellationError`.
    private mutating func bench(
        _ report: inout PruneReport, _ smaller: String, _ measureSpeed: (_ model: String) throws -> BenchRun
    ) throws {
        guard var bench = options.bench else { return }
        let start = ContinuousClock.now
        bench.models = [options.model, smaller]
        bench.reference = 0
        bench.compute = options.compute
        let speeds: BenchReport
        do {
            speeds = try SelfPruner.bench(bench, observer: observer, loadAverage: nil, measure: measureSpeed)
        } catch let error as CancellationError {
            throw error
        } catch {
            report.protocols.benchFailure = "\(error)"
            return
        }
        report.before.speed = speeds.models[0].figures
        report.after.speed = speeds.models[1].figures
        report.after.speedRatios = speeds.models[1].ratios
        report.protocols.bench = .init(speeds)
        times.add("bench", since: start)
        report.seconds = times.seconds
    }

    /// The whole search, so that it can be looked at, replayed and extended.
    private func copy(_ run: RunFolder, into folder: OutputFolder) throws {
        try folder.makeFolder("search")
        for name in try run.files {
            try folder.write("search/\(name)", Data(contentsOf: URL(filePath: run.file(name))))
        }
    }

    // MARK: Stages

    /// The allocation, and how it was found.
    struct Choice {
        var plan: PruningPlan
        var space: SearchSpace
        var candidate: Candidate
        var search: SearchReport?
        /// Of the search, where several rates were tried, and what they gave.
        var run: RunFolder?
        var steps: [PruneReport.Target.Step] = []
    }

    private mutating func choose(_ folder: RunFolder?) async throws -> Choice {
        if case .perplexityIncrease(let limit) = options.amount { return try await chooseLargestRate(limit) }
        guard let folder else { return try chooseDirectly() }
        let shared = try PreparedSearch(prepared, options.search, &times, observer)
        let start = ContinuousClock.now
        let finished = try await SearchRun(options.search, shared, folder: folder, observer).run()
        times.add("search", since: start)
        let report = SearchReport(finished, options.search, shared)
        var choice = Choice(
            plan: shared.plan, space: shared.space,
            candidate: try PreparedSearch.uniform(shared.space, shared.budget), search: report)
        if let best = finished.search.history.best {
            choice.candidate = best.candidate
            if case .size(let bytes) = options.amount {
                choice.candidate = try fit(best.candidate, into: bytes, finished.search.history, shared)
            }
        } else if finished.search.history.evaluated > 0 {
            throw SelfPrunerError(.badOption, "No candidate gave a finite fitness; try another rate or precision")
        }
        // Else the time limit left no room for a single evaluation.
        return choice
    }

    /// Of the evaluation text, in which the dense model's predictions are kept: 2 kB of each.
    private static var divergenceTokens: Int { 32768 }

    private var evaluationTokens: Int { texts.evaluation.reduce(0) { $0 + $1.count } }

    private func evaluationWorkspace(_ model: LlamaModel) -> Workspace {
        Workspace(model, rows: min(max(workspaceRows, texts.longestWindow), evaluationTokens))
    }

    /// Measures the dense model, and keeps what it predicts.
    private mutating func measureBefore() throws -> (PruneReport.Figures, TextComparison) {
        let (stage, start) = ("evaluate before", ContinuousClock.now)
        let text = try observer.stage(stage, total: evaluationTokens, unit: "tokens") { progress in
            try TextComparison(
                texts.evaluation, dense: prepared.model, in: evaluationWorkspace(prepared.model),
                maximumDivergenceTokens: Self.divergenceTokens, progress: progress,
                isCancelled: { observer.isCancelled })
        }
        times.add(stage, since: start)
        return (try figures(prepared.model, checkpoint, text.perplexity), text)
    }

    /// Measures the smaller model.
    private mutating func measureAfter(
        _ model: LlamaModel, _ checkpoint: any Checkpoint, _ text: TextComparison
    ) throws -> PruneReport.Figures {
        let (stage, start) = ("evaluate after", ContinuousClock.now)
        let measured = try observer.stage(stage, total: evaluationTokens, unit: "tokens") { progress in
            try text.measure(
                model, in: evaluationWorkspace(model), progress: progress, isCancelled: { observer.isCancelled })
        }
        times.add(stage, since: start)
        var figures = try figures(model, checkpoint, measured.perplexity)
        figures.divergence = measured.divergence
        return figures
    }

    /// Tasks and continuations.
    private mutating func measure(
        _ model: LlamaModel, _ figures: inout PruneReport.Figures, _ name: String
    ) throws {
        guard measures.positions != nil else { return }
        let start = ContinuousClock.now
        let measured = try measures.measure(model, observer, name: name)
        figures.tasks = measured.tasks
        figures.diversity = measured.diversity
        figures.continuations = measured.continuations
        times.add("evaluate tasks and prompts \(name)", since: start)
    }

    private func figures(
        _ model: LlamaModel, _ checkpoint: any Checkpoint, _ perplexity: Perplexity
    ) throws -> PruneReport.Figures {
        PruneReport.Figures(
            perplexity, checkpoint, decodeTokensPerSecond: try decodeSpeed(model, texts.evaluation[0]))
    }
}

extension PruneOptions {
    /// Beside the output, so that it is found again by the same command; in the output when that is whole.
    var settledRun: String {
        if let run { return run }
        return URL(fileURLWithPath: output).standardizedFileURL.path + ".run"
    }
}

/// Tokens a second behind a short prompt, the median of three runs.
private func decodeSpeed(_ model: LlamaModel, _ window: [Int32]) throws -> Double {
    let (promptLength, count) = (min(32, window.count - 1), 24)
    guard promptLength + count <= model.maximumPositions else { return 0 }
    var rates: [Double] = []
    for _ in 0..<3 {
        let generator = Generator(model, capacity: promptLength + count)
        var sampler = Sampler(temperature: 0, seed: 0)
        var token = sampler.next(try generator.append(Array(window[..<promptLength])))
        token = sampler.next(try generator.append([token]))
        let start = ContinuousClock.now
        for _ in 0..<count - 2 { token = sampler.next(try generator.append([token])) }
        rates.append(Double(count - 2) / ((ContinuousClock.now - start) / .seconds(1)))
    }
    return rates.sorted()[1]
}

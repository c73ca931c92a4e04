import Calibration
import Checkpoints
import Compaction
import Evaluation
import Export
import Factors
import Foundation
import Kernels
import Logging
import Models
import Search
import Tokenization

/// Prunes a model: calibrates, searches, compacts, writes the smaller model and measures it as it was written.
/// - Returns: the report, also written to the output folder.
/// - Throws: errors that describe themselves in a sentence; `CancellationError`. The output then does not exist.
public func prune(
    _ options: PruneOptions, observer: some RunObserver = SilentObserver()
) async throws -> PruneReport {
    try options.check()
    try OutputFolder.check(options.output, overwrite: options.overwrite)
    let precision = try options.compute.apply()
    var run = try PruneRun(options, precision, observer)
    return try await run.run()
}

private let log = Logger(label: "selfpruner.prune")

/// The stages of one pruning, in order.
struct PruneRun<Observer: RunObserver> {
    let options: PruneOptions
    let observer: Observer
    let checkpoint: any Checkpoint
    let texts: PruneTexts
    let model: LlamaModel
    let workspace: Workspace
    var seconds: [String: Double] = [:]

    init(_ options: PruneOptions, _ precision: Precision, _ observer: Observer) throws {
        self.options = options
        self.observer = observer
        checkpoint = try openCheckpoint(options.model)
        texts = try PruneTexts(options, try Tokenizer(checkpoint.tokenizer))
        model = try loadModel(checkpoint, precision, positions: texts.longestWindow, observer)
        workspace = Workspace(model, rows: max(workspaceRows, texts.longestWindow))
    }

    mutating func run() async throws -> PruneReport {
        // Made first: a place that cannot be written is not worth a search.
        let folder = try OutputFolder(options.output, overwrite: options.overwrite)
        do {
            return try await run(into: folder)
        } catch {
            folder.discard()
            throw error
        }
    }

    private mutating func run(into folder: OutputFolder) async throws -> PruneReport {
        let before = try measure(model, checkpoint, "evaluate before")
        let (plan, space, budget) = try prepare()
        let (best, search) = try await choose(plan, space, budget)
        log.debug("chosen", metadata: ["levels": "\(best.levels)"])
        let units = try space.units(of: best)
        let element = StoredElement(options.elementType, keeping: checkpoint)
        try export(plan.compact(units), element, to: folder)
        let written = try openCheckpoint(folder.path)
        let smaller = try loadModel(written, model.precision, positions: texts.longestWindow, observer)
        let after = try measure(smaller, written, "evaluate after")
        let report = report(before, after, space, best, search, element)
        try folder.write("report.json", JSONOutput.encode(report))
        try folder.write("report.md", Data(report.markdown.utf8))
        try folder.publish()
        return report
    }

    /// Times a stage under its name.
    mutating func timed<Result>(_ name: String, _ body: (Self) throws -> Result) rethrows -> Result {
        let clock = ContinuousClock()
        let start = clock.now
        defer {
            let elapsed = (clock.now - start) / .seconds(1)
            seconds[name, default: 0] += elapsed
            log.debug("stage done", metadata: ["stage": "\(name)", "seconds": "\(elapsed)"])
        }
        return try body(self)
    }

    // MARK: Stages

    private mutating func prepare() throws -> (PruningPlan, SearchSpace, Budget) {
        let method = options.method == .nested ? PruningMethod.nested : .wandaSP
        let calibration = try timed("calibrate") { run in
            try run.observer.stage(
                "calibrate", total: run.texts.calibration.reduce(0) { $0 + $1.count }, unit: "tokens"
            ) { progress in
                try Calibration(
                    run.model, run.texts.calibration, in: run.workspace, progress: progress,
                    isCancelled: { run.observer.isCancelled })
            }
        }
        let plan = try timed("factor") { run in
            try run.observer.stage("factor", total: run.model.attention.count, unit: "blocks") { progress in
                try PruningPlan(
                    DenseBlocks(run.checkpoint), calibration, method: method, ridge: run.options.ridge,
                    progress: progress, isCancelled: { run.observer.isCancelled })
            }
        }
        let space = try SearchSpace(
            checkpoint.description, granularity: options.granularity == .layer ? .layer : .sublayer,
            channelStep: options.channelStep, addsBiases: plan.addsBiases)
        // The biases that the refit adds count against the budget.
        let dense = checkpoint.description.decoderParameters
        let budget = Budget(maximumParameters: Int(((1 - options.rate) * Double(dense)).rounded(.down)))
        try budget.check(in: space)
        return (plan, space, budget)
    }

    private mutating func choose(
        _ plan: PruningPlan, _ space: SearchSpace, _ budget: Budget
    ) async throws -> (Candidate, FinishedSearch?) {
        guard options.settledAllocation == .search else {
            return (try Self.uniform(space, budget), nil)
        }
        let fitness = try timed("fitness targets") { run in
            try FitnessText(
                run.texts.fitness, mode: run.options.fitness == .kl ? .kl : .perplexity, dense: run.model,
                in: run.workspace, isCancelled: { run.observer.isCancelled })
        }
        var seeds: [any SeedProposer] = [UniformSeed()]
        if let errors = plan.residualErrors(in: space) { seeds += Self.errorCurveSeeds(errors, space) }
        seeds.append(SlopeSeeds())
        var search = try EvolutionarySearch(
            space: space, budget: budget,
            settings: SearchSettings(
                population: options.population, candidates: options.candidates, timeLimit: options.timeLimit,
                seed: options.seed),
            seeds: seeds)
        var evaluator = ModelFitness(
            text: fitness,
            models: CandidateModels(plan: plan, dense: model, space: space, memoryLimit: Self.sublayerMemory),
            workspace: workspace, isCancelled: { [observer] in observer.isCancelled })
        let start = ContinuousClock.now
        observer.begin(stage: "search", total: options.candidates, unit: "candidates")
        defer { observer.end(note: nil) }
        let reason = try await search.run(
            &evaluator, shouldStop: { [observer] in observer.isCancelled },
            onEvent: { [observer] event in
                if case .scored(let score) = event { observer.update(score.index + 1, note: nil) }
            })
        if observer.isCancelled { throw CancellationError() }
        seconds["search"] = (ContinuousClock.now - start) / .seconds(1)
        if search.history.records.isEmpty {
            // The time limit left no room for a single evaluation.
            return (try Self.uniform(space, budget), FinishedSearch(search: search, reason: reason))
        }
        guard let best = search.history.best else {
            throw SelfPrunerError(.badOption, "No candidate gave a finite fitness; try another rate or precision")
        }
        return (best.candidate, FinishedSearch(search: search, reason: reason))
    }

    private static func uniform(_ space: SearchSpace, _ budget: Budget) throws -> Candidate {
        let seeds = try UniformSeed().seeds(in: space, budget: budget)
        return try space.repair(seeds[0].levels, to: budget)
    }

    /// Allocations by the noise that each level adds to the residual stream. What it does to the output depends on the
    /// blocks behind it too, so some seeds count early noise more, or less.
    private static func errorCurveSeeds(_ errors: [[Double]], _ space: SearchSpace) -> [any SeedProposer] {
        let blocks = Double(max(1, (space.sublayers.last?.block ?? 0)))
        return [0.0, 1, -1].map { tilt in
            let tilted = zip(space.sublayers, errors).map { sublayer, curve in
                let factor = exp(tilt * (0.5 - Double(sublayer.block) / blocks))
                return curve.map { $0 * factor }
            }
            return ErrorCurveSeeds(errors: tilted, exponents: tilt == 0 ? [1, 1.5, 0.75] : [1], blends: [1])
        }
    }

    private func export(_ blocks: CompactedBlocks, _ element: StoredElement, to folder: OutputFolder) throws {
        try HuggingFaceExport(description: blocks.description, element: element, tokenizerFiles: texts.tokenizerFiles)
            .write(to: folder) { weight in try blocks.values(weight) ?? checkpoint.values(weight.role) ?? [] }
    }

    private mutating func measure(
        _ model: LlamaModel, _ checkpoint: any Checkpoint, _ stage: String
    ) throws -> PruneReport.Figures {
        let perplexity = try timed(stage) { run in
            try measurePerplexity(model, run.texts.evaluation, run.observer, stage: stage)
        }
        return PruneReport.Figures(
            perplexity, checkpoint, decodeTokensPerSecond: try decodeSpeed(model, texts.evaluation[0]))
    }

    /// Memory for packed sublayers of candidates.
    private static var sublayerMemory: Int {
        Int(clamping: min(ProcessInfo.processInfo.physicalMemory / 4, 4 << 30))
    }
}

/// Four significant digits are what a progress line has room for.
private func rounded(_ value: Double) -> String { String(format: "%.4f", value) }

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

/// Runs candidates on the fitness text.
private struct ModelFitness: Fitness {
    let text: FitnessText
    let models: CandidateModels
    let workspace: Workspace
    let isCancelled: @Sendable () -> Bool

    var rungTokens: [Int] { [text.tokens] }

    mutating func evaluate(
        _ candidates: [Candidate], rung: Int, onResult: (Int, Double) throws -> Void
    ) throws {
        for (place, candidate) in candidates.enumerated() {
            try onResult(place, text.score(models.model(candidate), in: workspace, isCancelled: isCancelled))
        }
    }
}

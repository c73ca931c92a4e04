import Evaluation
import Foundation
import Journals
import Kernels
import Models
import Search

/// Runs several proposers on one model, at equal budgets and seeds, and measures what each found on a text that no
/// search has seen. Every search is a run of its own in the output folder, so that the same call goes on with what is
/// missing.
/// - Throws: errors that describe themselves in a sentence; `CancellationError`, after which it can be continued.
public func compare(
    _ options: CompareOptions, observer: some RunObserver = SilentObserver()
) async throws -> ComparisonReport {
    try options.check()
    let precision = try options.search.compute.apply()
    let prepared = try PreparedModel(options.search, precision, observer)
    try PreparedSearch.check(prepared, options.search)
    do {
        try FileManager.default.createDirectory(atPath: options.output, withIntermediateDirectories: true)
    } catch {
        throw SelfPrunerError(
            .outputNotWritable, "The folder \(options.output) cannot be made: \(reason(of: error))")
    }
    var times = StageTimes()
    let shared = try PreparedSearch(prepared, options.search, &times, observer)
    var comparison = Comparison(options: options, shared: shared, observer: observer)
    return try await comparison.run()
}

/// A finished search, and what its figures rest on beside the run's identity.
private struct KnownResult: Codable {
    var candidates: Int
    var timeLimit: Double?
    var evaluation: String
    var run: ComparisonReport.Run
}

private struct Comparison<Observer: RunObserver> {
    let options: CompareOptions
    let shared: PreparedSearch
    let observer: Observer
    /// The same for all searches, and measured once.
    var sensitivities: (values: [Double], seconds: Double)?

    mutating func run() async throws -> ComparisonReport {
        let prepared = shared.prepared
        let dense = try measurePerplexity(
            prepared.model, prepared.texts.evaluation, observer, stage: "evaluate dense")
        var report = ComparisonReport(
            program: "selfpruner \(selfPrunerVersion)", model: options.search.model, rate: options.search.rate,
            candidates: options.search.candidates, rungTokens: shared.evaluator.rungTokens,
            fitness: options.search.fitness.unit,
            perplexity: prepared.perplexityProtocol(options.search),
            densePerplexity: dense.value, runs: [])
        for seed in 0..<options.seeds {
            for proposer in options.proposers { report.runs.append(try await result(proposer, UInt64(seed))) }
        }
        let order = options.proposers.map(\.rawValue)
        report.runs.sort {
            let places = (order.firstIndex(of: $0.proposer) ?? 0, order.firstIndex(of: $1.proposer) ?? 0)
            return places.0 != places.1 ? places.0 < places.1 : $0.seed < $1.seed
        }
        try write("comparison.json", JSONOutput.encode(report))
        try write("comparison.md", Data(report.markdown.utf8))
        try write("curves.csv", Data(report.curvesCSV.utf8))
        try write("curves.svg", Data(report.curvesSVG.utf8))
        return report
    }

    /// From an earlier call, or searched for.
    private mutating func result(
        _ proposer: SearchOptions.ProposerKind, _ seed: UInt64
    ) async throws -> ComparisonReport.Run {
        var search = options.search
        search.proposer = proposer
        search.seed = seed
        let folder = try SearchRun<Observer>.open(
            "\(options.output)/\(proposer.rawValue)-\(seed)", search, shared.prepared)
        if let data = FileManager.default.contents(atPath: folder.file("result.json")),
            let known = try? JSONDecoder().decode(KnownResult.self, from: data), known.candidates == search.candidates,
            known.timeLimit == search.timeLimit, known.evaluation == evaluation
        {
            return known.run
        }
        if sensitivities == nil {
            let start = ContinuousClock.now
            let values = try shared.measureSensitivities(observer)
            sensitivities = (values, (ContinuousClock.now - start) / .seconds(1))
        }
        let run = try SearchRun(search, shared, folder: folder, sensitivities: sensitivities, observer)
        let finished = try await run.run()
        guard let best = finished.search.history.best else {
            throw SelfPrunerError(.badOption, "No candidate gave a finite fitness; try another rate or precision")
        }
        let perplexity = try measurePerplexity(
            shared.models.model(best.candidate), shared.prepared.texts.evaluation, observer,
            stage: "evaluate \(proposer.rawValue)")
        let result = ComparisonReport.Run(
            proposer: proposer.rawValue, seed: seed,
            search: SearchReport(finished, search, shared),
            perplexity: perplexity.value)
        try folder.replace(
            "result.json",
            with: JSONOutput.encode(
                KnownResult(
                    candidates: search.candidates, timeLimit: search.timeLimit, evaluation: evaluation, run: result)))
        return result
    }

    private var evaluation: String { RunIdentity.fingerprint(shared.prepared.texts.evaluation) }

    private func write(_ name: String, _ data: Data) throws {
        let path = "\(options.output)/\(name)"
        do {
            try data.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw SelfPrunerError(.outputNotWritable, "The file \(path) cannot be written: \(reason(of: error))")
        }
    }
}

import Checkpoints
import Compaction
import Evaluation
import Foundation
import Journals
import Kernels
import Models
import Search

/// Measures what a model loses at several rates, uniform and searched, on a text that no search has seen. Calibration,
/// factors and fitness texts are shared; every search is a run of its own in the output folder, so that the same call
/// goes on with what is missing, and `prune` with that run writes the model.
/// - Throws: errors that describe themselves in a sentence; `CancellationError`, after which it can be continued.
public func frontier(
    _ options: FrontierOptions, observer: some RunObserver = SilentObserver()
) async throws -> FrontierReport {
    try options.check()
    var search = options.search
    search.rate = options.rates[0]
    let precision = try search.compute.apply()
    let prepared = try PreparedModel(search, precision, observer)
    for rate in options.rates {
        search.rate = rate
        try PreparedSearch.check(prepared, search)
    }
    try RateSearches<SilentObserver>.prepare(options.output, others: FrontierFile.all)
    var times = StageTimes()
    let shared = try PreparedSearch(prepared, search, &times, observer)
    return try await FrontierRun(options: options, shared: shared, observer: observer).run()
}

private enum FrontierFile {
    static let json = "frontier.json"
    static let markdown = "frontier.md"
    static let csv = "frontier.csv"
    static let chart = "frontier.svg"
    static let all = [json, markdown, csv, chart]
}

/// A point that was measured, and what it rests on beside the run's identity.
private struct KnownPoint: Codable {
    var levels: [Int]
    var evaluation: String
    var point: FrontierReport.Point
}

private struct FrontierRun<Observer: RunObserver> {
    let options: FrontierOptions
    let shared: PreparedSearch
    let observer: Observer

    private var prepared: PreparedModel { shared.prepared }
    private var description: ModelDescription { prepared.checkpoint.description }
    private var evaluation: String { RunIdentity.fingerprint(prepared.texts.evaluation) }

    func run() async throws -> FrontierReport {
        let perplexity = try measurePerplexity(
            prepared.model, prepared.texts.evaluation, observer, stage: "evaluate dense")
        var report = FrontierReport(
            program: "selfpruner \(selfPrunerVersion)", model: options.search.model,
            method: options.search.method.rawValue, proposer: options.search.proposer.rawValue,
            candidates: options.search.candidates, rungTokens: shared.evaluator.rungTokens,
            fitness: options.search.fitness.unit,
            perplexity: prepared.perplexityProtocol(options.search),
            dense: point("dense", 0, description, try fitness(shared.space.full), perplexity), points: [])
        let runs = RateSearches(
            options: options.search, shared: shared, path: options.output, observer: observer)
        for rate in options.rates.sorted() {
            let folder = try runs.open(rate)
            do {
                report.points.append(try uniform(rate, folder))
                report.points.append(try await searched(rate, runs, folder))
            } catch {
                folder.removeIfUnused()
                throw error
            }
        }
        try write(FrontierFile.json, JSONOutput.encode(report))
        try write(FrontierFile.markdown, Data(report.markdown.utf8))
        try write(FrontierFile.csv, Data(report.csv.utf8))
        try write(FrontierFile.chart, Data(report.svg.utf8))
        return report
    }

    private func uniform(_ rate: Double, _ folder: RunFolder) throws -> FrontierReport.Point {
        let budget = try shared.at(rate: rate).budget
        let candidate = try PreparedSearch.uniform(shared.space, budget)
        return try known("uniform.json", candidate, folder) {
            try point("uniform", rate, shape(candidate), fitness(candidate), measure(candidate, "uniform", rate))
        }
    }

    private func searched(
        _ rate: Double, _ runs: RateSearches<Observer>, _ folder: RunFolder
    ) async throws -> FrontierReport.Point {
        let found = try await runs.search(rate, in: folder)
        let candidate = found.best.candidate
        var result = try known("searched.json", candidate, folder) {
            try point("search", rate, shape(candidate), fitness(candidate), measure(candidate, "searched", rate))
        }
        result.run = RateSearches<Observer>.name(rate)
        result.seconds = found.finished.search.history.seconds
        return result
    }

    /// From an earlier call, or measured.
    private func known(
        _ name: String, _ candidate: Candidate, _ folder: RunFolder, _ measure: () throws -> FrontierReport.Point
    ) throws -> FrontierReport.Point {
        if let data = FileManager.default.contents(atPath: folder.file(name)),
            let known = try? JSONDecoder().decode(KnownPoint.self, from: data), known.levels == candidate.levels,
            known.evaluation == evaluation
        {
            return known.point
        }
        let point = try measure()
        try folder.replace(
            name,
            with: JSONOutput.encode(KnownPoint(levels: candidate.levels, evaluation: evaluation, point: point)))
        return point
    }

    private func shape(_ candidate: Candidate) throws -> ModelDescription {
        description.pruned(
            to: try shared.space.blocks(of: candidate, in: description), addsBiases: shared.plan.addsBiases)
    }

    /// On the last text of the race.
    private func fitness(_ candidate: Candidate) throws -> Double {
        var fitness = Double.infinity
        try shared.evaluator.evaluate(
            [candidate], rung: shared.evaluator.rungTokens.count - 1, isCancelled: { observer.isCancelled },
            onResult: { fitness = $1 })
        return fitness
    }

    private func measure(_ candidate: Candidate, _ name: String, _ rate: Double) throws -> Perplexity {
        try measurePerplexity(
            shared.models.model(candidate), prepared.texts.evaluation, observer, stage: "evaluate \(name) at \(rate)")
    }

    private func point(
        _ allocation: String, _ rate: Double, _ shape: ModelDescription, _ fitness: Double, _ perplexity: Perplexity
    ) -> FrontierReport.Point {
        FrontierReport.Point(
            allocation: allocation, rate: rate,
            removed: 1 - Double(shape.decoderParameters) / Double(max(description.decoderParameters, 1)),
            parameters: shape.parameters, decoderParameters: shape.decoderParameters,
            bfloat16Bytes: 2 * shape.parameters, fitness: fitness, perplexity: perplexity.value,
            perplexityStandardError: perplexity.valueStandardError)
    }

    private func write(_ name: String, _ data: Data) throws(SelfPrunerError) {
        try writeFile("\(options.output)/\(name)", data)
    }
}

import Compaction
import Foundation
import Journals
import Kernels
import Models
import Search

/// A search that ended by itself.
struct FinishedSearch {
    var search: EvolutionarySearch
    var reason: FinishReason
    var work: EvaluationWork
    var sensitivitySeconds: Double
    var usage: ChatUsageReport?
}

/// One search on a model, journalled in its folder, from wherever it stands.
struct SearchRun<Observer: RunObserver> {
    let options: SearchOptions
    let shared: PreparedSearch
    let observer: Observer
    /// Where the journal is; `nil` to keep none.
    let folder: RunFolder?
    let journal: JournalFile<RunEvent>?
    /// Measured before, for searches on the same model.
    let known: (values: [Double], seconds: Double)?

    /// - Throws: `JournalError` when another process has the folder, or another run is in it.
    init(
        _ options: SearchOptions, _ shared: PreparedSearch, folder: RunFolder?,
        sensitivities known: (values: [Double], seconds: Double)? = nil, _ observer: Observer
    ) throws {
        self.known = known
        self.options = options
        self.shared = shared
        self.folder = folder
        self.observer = observer
        journal = try folder?.journal(of: RunEvent.self)
    }

    static func open(
        _ path: String, _ options: SearchOptions, _ prepared: PreparedModel
    ) throws -> RunFolder {
        let parent = URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent()
        // What cannot be made, the run folder says.
        try? FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        return try RunFolder(
            path,
            identity: RunIdentity(options, prepared),
            mayChange: RunIdentity.mayChange)
    }

    /// Runs to the end.
    /// - Throws: `CancellationError`: what was evaluated is in the journal.
    func run() async throws -> FinishedSearch {
        let events = journal?.events ?? []
        let chosen = try options.makeProposer(
            shared.prepared, folder, errors: shared.plan.residualErrors(in: shared.space),
            isCancelled: { [observer] in observer.isCancelled })
        let (sensitivities, sensitivitySeconds) = try sensitivities(events)
        let start = ContinuousClock.now
        let before = shared.evaluator.counters
        let proposer: any Proposer =
            chosen.proposer.plansAhead
            ? InterruptibleProposer(
                proposer: chosen.proposer, isCancelled: { [observer] in observer.isCancelled }) : chosen.proposer
        var search = try EvolutionarySearch(
            space: shared.space, budget: shared.budget, settings: settings,
            seeds: shared.seeds(options, sensitivities), proposer: proposer, sensitivities: sensitivities,
            resuming: events.compactMap { if case .search(let event) = $0 { event } else { nil } })
        var monitor = SearchMonitor(search, options, observer)
        var fitness = ModelFitness(
            evaluator: shared.evaluator, sharesPrefixes: options.sharesPrefixes,
            isCancelled: { [observer] in observer.isCancelled })
        monitor.begin(resumption)
        defer { monitor.end() }
        let reason: FinishReason
        reason = try await search.run(
            &fitness, shouldStop: { [observer] in observer.isCancelled },
            onEvent: { event in
                // A finish by Ctrl-C is none.
                if case .finished(.cancelled) = event { return }
                try journal?.append(.search(event))
                try monitor.take(event)
                if case .proposed = event, options.sharesPrefixes { shared.evaluator.keep(monitor.survivors) }
            })
        if observer.isCancelled { throw CancellationError() }
        let work = EvaluationWork(
            shared.evaluator.counters, since: before, seconds: (ContinuousClock.now - start) / .seconds(1))
        try journal?.append(.work(work))
        return FinishedSearch(
            search: search, reason: reason, work: work,
            sensitivitySeconds: sensitivitySeconds, usage: await ChatUsageReport(chosen.chat))
    }

    /// How the run differs from what was left of it, in words.
    private var resumption: [String] {
        var words =
            folder?.changes.filter { $0.key.hasPrefix("limits.") }.map {
                "\($0.key.dropFirst("limits.".count)): \($0.here ?? "none"), before \($0.there ?? "none")"
            } ?? []
        if let torn = journal?.torn {
            words.append("the journal's last line, \(torn.line), was incomplete and is dropped")
        }
        return words
    }

    private var settings: SearchSettings {
        SearchSettings(
            population: options.population,
            candidates: options.proposer == .uniform ? 1 : options.candidates, timeLimit: options.timeLimit,
            seed: options.seed, generation: options.generation, race: Race(shares: options.rungShares))
    }

    /// From the journal, or measured, where seeds or prompts use them.
    private func sensitivities(_ events: [RunEvent]) throws -> ([Double]?, Double) {
        for case .sensitivities(let values, let seconds) in events
        where values.count == shared.space.sublayers.count {
            return (values, seconds)
        }
        guard options.proposer != .uniform,
            options.usesSeeds || options.usesOwnModel || options.chat != nil
        else { return (nil, 0) }
        let start = ContinuousClock.now
        let values = try known?.values ?? shared.measureSensitivities(observer)
        let seconds = known?.seconds ?? (ContinuousClock.now - start) / .seconds(1)
        try journal?.append(.sensitivities(values, seconds: seconds))
        return (values, seconds)
    }
}

extension EvaluationWork {
    init(_ now: CandidateEvaluator.Counters, since before: CandidateEvaluator.Counters, seconds: Double) {
        self.init(
            tokenSublayers: now.tokenSublayers - before.tokenSublayers,
            tokenSublayersAlone: now.tokenSublayersAlone - before.tokenSublayersAlone,
            headTokens: now.headTokens - before.headTokens, peakActivationBytes: now.peakBytes, seconds: seconds)
    }
}

/// Runs candidates on the texts of the rungs.
private struct ModelFitness: Fitness {
    let evaluator: CandidateEvaluator
    let sharesPrefixes: Bool
    let isCancelled: @Sendable () -> Bool

    var rungTokens: [Int] { evaluator.rungTokens }

    mutating func evaluate(
        _ candidates: [Candidate], rung: Int, onResult: (Int, Double) throws -> Void
    ) throws {
        if sharesPrefixes {
            try evaluator.evaluate(candidates, rung: rung, isCancelled: isCancelled, onResult: onResult)
            return
        }
        for (place, candidate) in candidates.enumerated() {
            evaluator.keep([])
            try evaluator.evaluate([candidate], rung: rung, isCancelled: isCancelled) { try onResult(place, $1) }
        }
    }
}

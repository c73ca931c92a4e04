import Compaction
import Foundation
import Journals
import Kernels
import Search

/// Searches how much each part of a model can lose, and keeps every step in a run folder: the same call goes on where
/// an earlier one stopped, however that ended, and with more candidates it extends a finished run.
/// - Parameter run: the folder; it is made where there is none.
/// - Throws: errors that describe themselves in a sentence; `CancellationError`, after which the run can be continued.
public func search(
    _ options: SearchOptions, run: String, observer: some RunObserver = SilentObserver()
) async throws -> SearchReport {
    try options.check()
    try options.checkSearch()
    let precision = try options.compute.apply()
    let prepared = try PreparedModel(options, precision, observer)
    try PreparedSearch.check(prepared, options)
    let folder = try SearchRun<SilentObserver>.open(run, options, prepared)
    defer { folder.removeIfUnused() }
    var times = StageTimes()
    let shared = try PreparedSearch(prepared, options, &times, observer)
    let finished = try await SearchRun(options, shared, folder: folder, observer).run()
    return SearchReport(finished, options, shared)
}

/// The options that a run was started with.
/// - Throws: an error in a sentence when there is no run in the folder.
public func searchOptions(ofRun path: String) throws -> SearchOptions {
    SearchOptions(try RunFolder.peek(path, identity: RunIdentity.self, event: RunEvent.self).identity)
}

/// How a run stands, read while a process may be working on it.
public struct SearchStatus: Sendable, Codable {
    public var run: String
    public var model: String
    public var rate: Double
    public var candidates: Int
    /// The process that works on it, as far as can be told.
    public var process: Int32?
    public var report: SearchReport

    /// - Throws: an error in a sentence when there is no run in the folder, or its journal is damaged.
    public init(ofRun path: String) throws {
        let snapshot = try RunFolder.peek(path, identity: RunIdentity.self, event: RunEvent.self)
        let identity = snapshot.identity
        // A history needs no budget to be read.
        let history = try SearchHistory(
            seed: identity.seed, budget: Budget(maximumParameters: .max),
            events: snapshot.events.compactMap { if case .search(let event) = $0 { event } else { nil } })
        run = snapshot.path
        model = identity.paths.model
        rate = identity.rate
        candidates = identity.limits.candidates
        process = snapshot.process
        report = SearchReport(
            history, history.statistics(population: identity.population, elites: identity.population),
            identity.proposer, rungTokens: identity.rungTokens)
        for event in snapshot.events {
            switch event {
            case .work(let work): report.work = work
            case .sensitivities(_, let seconds): report.sensitivitySeconds = seconds
            case .search: break
            }
        }
    }
}

/// Four decimals are what a progress line has room for.
func shortNumber(_ value: Double) -> String { String(format: "%.4f", value) }

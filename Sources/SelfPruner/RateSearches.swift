import Foundation
import Journals
import Search

/// Searches on one model at several rates, which share all that does not depend on the rate: calibration, factors, the
/// fitness texts and what is cached of them. Each is a run in a folder of its own, such as `rate-0.25`.
struct RateSearches<Observer: RunObserver> {
    let options: SearchOptions
    let shared: PreparedSearch
    /// Folder of the runs.
    let path: String
    let observer: Observer

    struct Found {
        var options: SearchOptions
        var shared: PreparedSearch
        var finished: FinishedSearch
        var best: FitnessRecord
    }

    static func name(_ rate: Double) -> String { "rate-\(rate)" }

    func options(_ rate: Double) -> SearchOptions {
        var search = options
        search.rate = rate
        return search
    }

    /// - Throws: `JournalError` when another process has the run, or another run is in its folder.
    func open(_ rate: Double) throws -> RunFolder {
        try SearchRun<Observer>.open("\(path)/\(Self.name(rate))", options(rate), shared.prepared)
    }

    /// Searches to the end, from wherever the run in the folder stands.
    /// - Throws: `CancellationError`, after which the same call goes on; `SelfPrunerError` when nothing was found.
    func search(_ rate: Double, in folder: RunFolder) async throws -> Found {
        let (search, shared) = (options(rate), try shared.at(rate: rate))
        // Survivors of another rate are of no use here.
        shared.evaluator.keep([])
        let finished = try await SearchRun(search, shared, folder: folder, observer).run()
        guard let best = finished.search.history.best else {
            throw SelfPrunerError(
                .badOption,
                finished.search.history.evaluated == 0
                    ? "The time limit left no room for a single candidate at rate \(rate)"
                    : "No candidate gave a finite fitness at rate \(rate); try other rates or another precision")
        }
        return Found(options: search, shared: shared, finished: finished, best: best)
    }

    /// What a folder of runs may hold, so that no other folder is filled, or removed, by mistake.
    /// - Parameter others: names of files beside the runs.
    /// - Throws: `SelfPrunerError.outputNotWritable`.
    static func prepare(_ path: String, others: [String] = []) throws(SelfPrunerError) {
        let files = FileManager.default
        do {
            try files.createDirectory(atPath: path, withIntermediateDirectories: true)
            let foreign = try files.contentsOfDirectory(atPath: path).sorted()
                .first { !$0.hasPrefix("rate-") && !others.contains($0) }
            if let foreign {
                throw SelfPrunerError(
                    .outputNotWritable,
                    "The folder \(path) holds \(foreign), which belongs to no run at a rate; name another folder")
            }
        } catch let error as SelfPrunerError {
            throw error
        } catch {
            throw SelfPrunerError(
                .outputNotWritable, "The folder \(path) cannot be made: \(reason(of: error))")
        }
    }

    /// Removes a folder of runs in which none is.
    static func removeIfEmpty(_ path: String) {
        guard (try? FileManager.default.contentsOfDirectory(atPath: path))?.isEmpty == true else { return }
        try? FileManager.default.removeItem(atPath: path)
    }
}

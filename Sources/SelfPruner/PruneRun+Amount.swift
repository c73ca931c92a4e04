import Checkpoints
import Compaction
import Evaluation
import Export
import Foundation
import Journals
import Reporting
import Search

extension PruneOptions {
    /// Whether the rate is found by trying several.
    var triesRates: Bool {
        if case .perplexityIncrease = amount { return true }
        return false
    }

    /// - Throws: `SelfPrunerError.badOption`.
    func checkAmount() throws(SelfPrunerError) {
        func refuse(_ sentence: String) throws(SelfPrunerError) { throw SelfPrunerError(.badOption, sentence) }
        func require(_ amount: String, _ allocations: [Allocation]) throws(SelfPrunerError) {
            if allocations.contains(settledAllocation) { return }
            try refuse(
                "\(amount) cannot be asked for with the allocation \(settledAllocation.rawValue), only with "
                    + allocations.map(\.rawValue).joined(separator: ", ") + "; ask for a rate")
        }
        switch amount {
        case nil: return
        case .size(let bytes):
            try require("A size", [.search, .uniform])
            if bytes < 1 { try refuse("The size must be at least 1 byte, not \(bytes)") }
            if form.format == .hfPadded {
                try refuse("A padded folder is as large as its widest block; ask for a size in another format")
            }
        case .parameters(let count):
            if count < 1 { try refuse("The number of parameters must be at least 1, not \(count)") }
        case .perplexityIncrease(let increase):
            try require("A limit of the perplexity", [.search, .uniform])
            if !(increase > 0 && increase <= 1000) {
                try refuse("The increase of the perplexity must be more than 0 and at most 1000, not \(increase)")
            }
        }
    }
}

// MARK: Sizes

extension PruneRun {
    private var description: ModelDescription { checkpoint.description }
    private var writer: ModelWriter { ModelWriter(options.form, original: checkpoint, tokenizer: prepared.tokenizer) }

    private func shape(_ candidate: Candidate, _ space: SearchSpace) throws -> ModelDescription {
        description.pruned(
            to: try space.blocks(of: candidate, in: description), addsBiases: options.method.pruning.addsBiases)
    }

    private func bytes(_ candidate: Candidate, _ space: SearchSpace) throws -> Int {
        try writer.byteCount(shape(candidate, space))
    }

    /// Turns a size or a number of parameters into the rate that they ask for.
    /// - Throws: `SelfPrunerError.badOption` when the model is that small already, or cannot be.
    mutating func settleRate() throws {
        guard let amount = options.amount else { return }
        let space = try PreparedSearch.allLevels(prepared, options.search)
        let budget: Int
        switch amount {
        case .perplexityIncrease: return
        case .parameters(let count):
            guard count < description.parameters else {
                throw SelfPrunerError(
                    .badOption, "The model has \(description.parameters) parameters as it is; ask for fewer")
            }
            budget = count - (description.parameters - description.decoderParameters)
            guard budget >= space.minimumParameters else {
                let least = count - budget + space.minimumParameters
                throw SelfPrunerError(
                    .badOption,
                    "Embeddings and what cannot be cut have \(least) parameters; the model cannot have only \(count)")
            }
        case .size(let limit):
            budget = try largestBudget(into: limit, space)
        }
        // In the middle between two budgets, so that rounding leads to neither of its neighbours.
        options.search.rate = 1 - (Double(budget) + 0.5) / Double(description.decoderParameters)
    }

    /// The largest number of the blocks' parameters with which the uniform allocation makes no larger file.
    private func largestBudget(into limit: Int, _ space: SearchSpace) throws -> Int {
        func size(_ budget: Int) throws -> Int {
            try bytes(PreparedSearch.uniform(space, Budget(maximumParameters: budget)), space)
        }
        let whole = try writer.byteCount(description)
        guard limit < whole else {
            throw SelfPrunerError(
                .badOption,
                "Nothing needs to be cut: the whole model takes \(whole) bytes in this form, and \(limit) are allowed")
        }
        var (fits, tooLarge) = (space.minimumParameters, description.decoderParameters)
        let least = try size(fits)
        guard least <= limit else {
            throw SelfPrunerError(
                .badOption,
                "With nothing left in the blocks the model takes \(least) bytes in this form; it cannot take only "
                    + "\(limit)")
        }
        while tooLarge - fits > 1 {
            let middle = fits + (tooLarge - fits) / 2
            if try size(middle) <= limit { fits = middle } else { tooLarge = middle }
        }
        return fits
    }

    /// The best that the search found, where its file is small enough. Types differ between layers, so that a candidate
    /// of the same number of parameters can be a little larger than the uniform one: then the better of the fittest one
    /// that fits and the best one with a little less of it.
    func fit(
        _ best: Candidate, into limit: Int, _ history: SearchHistory, _ shared: PreparedSearch
    ) throws -> Candidate {
        let space = shared.space
        guard try bytes(best, space) > limit else { return best }
        let rung = shared.evaluator.rungTokens.count - 1
        let smaller = try history.records
            .filter { $0.scores.count == rung + 1 && $0.fitness.isFinite }
            .sorted { ($0.fitness, $0.index) < ($1.fitness, $1.index) }
            .first { try bytes($0.candidate, space) <= limit }
        guard let trimmed = try trimmed(best, to: limit, space) else {
            return try smaller?.candidate ?? PreparedSearch.uniform(space, shared.budget)
        }
        var fitness = Double.infinity
        try shared.evaluator.evaluate(
            [trimmed], rung: rung, isCancelled: { observer.isCancelled }, onResult: { fitness = $1 })
        if let smaller, !(fitness < smaller.fitness) { return smaller.candidate }
        return trimmed
    }

    /// The nearest candidates of fewer and fewer parameters, until one fits; `nil` when none does.
    func trimmed(_ best: Candidate, to limit: Int, _ space: SearchSpace) throws -> Candidate? {
        var candidate = best
        while true {
            let excess = try bytes(candidate, space) - limit
            if excess <= 0 { return candidate }
            // A parameter takes 4 bytes at most.
            let budget = try space.parameters(of: candidate) - max(excess / 4, 1)
            guard budget >= space.minimumParameters else { return nil }
            candidate = try space.repair(candidate, to: Budget(maximumParameters: budget))
        }
    }

    /// What became of what was asked for.
    /// - Parameter pruned: what was written to `folder`.
    func target(
        _ choice: Choice, _ pruned: ModelDescription, _ folder: OutputFolder
    ) throws -> PruneReport.Target? {
        switch options.amount {
        case nil: return nil
        case .size(let bytes):
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { $0 == ModelWriter.fileName || $0.hasSuffix(".safetensors") }
            let sizes = try names.map { name in
                try URL(fileURLWithPath: "\(folder.path)/\(name)").resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
            }
            return .init(
                kind: "size", asked: Double(bytes), reached: Double(sizes.reduce(0, +)), steps: [])
        case .parameters(let count):
            return .init(
                kind: "parameters", asked: Double(count), reached: Double(pruned.parameters), steps: [])
        case .perplexityIncrease(let increase):
            let reached = choice.steps.first { $0.rate == options.rate }?.increase
            return .init(
                kind: "perplexityIncrease", asked: increase, reached: reached ?? 0, steps: choice.steps)
        }
    }
}

// MARK: Perplexity

/// What a candidate's perplexity was measured to be, kept in the folder of its run.
private struct KnownPerplexity: Codable {
    var levels: [Int]
    var negativeLogLikelihood: Double
}

extension PruneRun {
    private var percents: ClosedRange<Int> {
        get throws {
            let space = try PreparedSearch.allLevels(prepared, options.search)
            let removable = 1 - Double(space.minimumParameters) / Double(max(description.decoderParameters, 1))
            let bounds = options.rateBounds ?? 0...1
            let low = max(1, Int((bounds.lowerBound * 100).rounded(.up)))
            let high = min(95, Int(bounds.upperBound * 100), Int(removable * 100))
            guard low <= high else {
                throw SelfPrunerError(.badOption, "There is no whole percent that may be removed of this model")
            }
            return low...high
        }
    }

    /// The largest rate at which the perplexity on the last text of the race rises by no more than `increase`, and its
    /// allocation. The text that the report measures on has no part in it.
    mutating func chooseLargestRate(_ increase: Double) async throws -> Choice {
        var bisection = RateBisection(limit: log(1 + increase), percents: try percents)
        let searches = options.settledAllocation == .search
        if searches { try RateSearches<Observer>.prepare(options.settledRun) }
        defer { if searches { RateSearches<Observer>.removeIfEmpty(options.settledRun) } }
        let shared = try PreparedSearch(prepared, options.search, &times, observer)
        let runs = RateSearches(
            options: options.search, shared: shared, path: options.settledRun, observer: observer)
        let dense = try negativeLogLikelihood(of: shared.space.full, shared, "perplexity of the whole model")
        var choice: Choice?
        var steps: [PruneReport.Target.Step] = []
        let start = ContinuousClock.now
        while let rate = bisection.next {
            let tried = try await searches ? searched(rate, runs) : uniform(rate, shared)
            let loss = try measured(tried, rate, shared) - dense
            bisection.add(rate: rate, loss: loss)
            steps.append(.init(rate: rate, perplexity: exp(dense + loss), increase: exp(loss) - 1))
            if bisection.best == rate {
                choice = tried
                options.search.rate = rate
            }
        }
        times.add("search", since: start)
        guard var choice else {
            let least = steps.min { $0.rate < $1.rate }
            throw SelfPrunerError(
                .badOption,
                "No rate holds it: already at rate \(least?.rate ?? 0) the perplexity rises by "
                    + ((least?.increase).map { $0.isFinite ? NumberFormat.percent($0) : "without limit" } ?? "0 %"))
        }
        choice.steps = steps
        return choice
    }

    private func uniform(_ rate: Double, _ shared: PreparedSearch) throws -> Choice {
        let shared = try shared.at(rate: rate)
        return Choice(
            plan: shared.plan, space: shared.space,
            candidate: try PreparedSearch.uniform(shared.space, shared.budget))
    }

    private func searched(_ rate: Double, _ runs: RateSearches<Observer>) async throws -> Choice {
        let folder = try runs.open(rate)
        do {
            let found = try await runs.search(rate, in: folder)
            return Choice(
                plan: found.shared.plan, space: found.shared.space, candidate: found.best.candidate,
                search: SearchReport(found.finished, found.options, found.shared), run: folder)
        } catch {
            folder.removeIfUnused()
            throw error
        }
    }

    /// Of a choice, from its run's folder where it is known.
    private func measured(_ choice: Choice, _ rate: Double, _ shared: PreparedSearch) throws -> Double {
        let name = "perplexity.json"
        if let folder = choice.run, let data = FileManager.default.contents(atPath: folder.file(name)),
            let known = try? JSONDecoder().decode(KnownPerplexity.self, from: data),
            known.levels == choice.candidate.levels
        {
            return known.negativeLogLikelihood
        }
        let value = try negativeLogLikelihood(of: choice.candidate, shared, "perplexity at \(rate)")
        // JSON has no infinity; such a candidate is measured again.
        if value.isFinite {
            try choice.run?.replace(
                name,
                with: JSONOutput.encode(KnownPerplexity(levels: choice.candidate.levels, negativeLogLikelihood: value)))
        }
        return value
    }

    private func negativeLogLikelihood(
        of candidate: Candidate, _ shared: PreparedSearch, _ stage: String
    ) throws -> Double {
        try measurePerplexity(
            shared.models.model(candidate), texts.fitness[texts.fitness.count - 1], observer, stage: stage
        ).negativeLogLikelihood
    }

    /// The journal, or the folder of several, that the output has a copy of.
    func removeRun(_ folder: RunFolder?) {
        folder?.remove()
        guard options.triesRates, options.settledAllocation == .search else { return }
        try? FileManager.default.removeItem(atPath: options.settledRun)
    }
}

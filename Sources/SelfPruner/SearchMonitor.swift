import Search

/// Follows a search by its events and tells an observer how it stands.
struct SearchMonitor<Observer: RunObserver> {
    private let options: SearchOptions
    private let observer: Observer
    private let elites: Int
    private var history: SearchHistory
    private let evaluatedBefore: Int
    private let start = ContinuousClock.now
    private var messages: [String] = []

    init(_ search: EvolutionarySearch, _ options: SearchOptions, _ observer: Observer) {
        self.options = options
        self.observer = observer
        elites = search.settings.elites ?? search.settings.population
        history = search.history
        evaluatedBefore = search.history.evaluated
    }

    /// What the next generations will most likely come from.
    var survivors: [Candidate] {
        history.records.population(size: options.population, elites: elites).map(\.candidate)
    }

    /// - Parameter messages: what the user should know of how the run stood.
    mutating func begin(_ messages: [String]) {
        self.messages = messages
        observer.begin(stage: "search", total: options.candidates, unit: "candidates")
        observer.search(progress)
    }

    func end() { observer.end(note: nil) }

    mutating func take(_ event: SearchEvent) throws {
        try history.apply(event)
        if case .proposed(let generation) = event {
            messages = []
            let down = generation.rejections.first { $0.reason == .endpointDown || $0.reason == .noReply }
            if let down { messages = ["\(down.detail); evolution goes on in its place"] }
        }
        observer.search(progress)
        observer.update(history.evaluated, note: history.best.map { "best \(shortNumber($0.fitness))" })
    }

    private var progress: SearchProgress {
        let evaluated = history.evaluated
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let mine = evaluated - evaluatedBefore
        let rungs = history.records.map(\.scores.count).max() ?? 0
        let generations = max(
            history.generationStarts.count,
            1
                + (options.candidates - min(options.candidates, history.generationStarts.dropFirst().first ?? 0)
                    + options.generation - 1) / options.generation)
        return SearchProgress(
            generation: history.generationStarts.count, generations: generations, evaluated: evaluated,
            evaluatedBefore: evaluatedBefore, total: options.candidates, seconds: seconds,
            secondsLeft: mine > 0 && mine >= options.generation / 2
                ? seconds / Double(mine) * Double(options.candidates - evaluated) : nil,
            best: history.best?.fitness, fitnessName: options.fitness.unit, uniform: uniform,
            bestSoFar: history.bestSoFar,
            evaluatedPerRung: (0..<max(rungs, 1)).map(history.evaluated(onRung:)),
            operators: history.statistics(population: options.population, elites: elites).map {
                SearchProgress.Operator(
                    name: $0.operator.rawValue, proposed: $0.evaluated + $0.rejected, accepted: $0.accepted,
                    rejected: $0.rejected, seconds: $0.proposalSeconds)
            }, messages: messages)
    }

    private var uniform: Double? {
        guard let first = history.records.first, first.operator == .uniformSeed, first.fitness.isFinite else {
            return nil
        }
        return first.fitness
    }
}

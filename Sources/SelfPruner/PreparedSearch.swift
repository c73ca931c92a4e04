import Calibration
import Compaction
import Evaluation
import Factors
import Foundation
import Kernels
import Models
import Proposers
import Search

/// All that searches on one model, rate and method have in common: the factors of every sublayer, the space, and the
/// texts that candidates are measured on.
struct PreparedSearch {
    let prepared: PreparedModel
    let plan: PruningPlan
    let space: SearchSpace
    private(set) var budget: Budget
    let memory: EvaluationMemory
    let models: CandidateModels
    let evaluator: CandidateEvaluator

    /// - Parameter keepsStreams: activations of survivors are kept; without a search there are none.
    init(
        _ prepared: PreparedModel, _ options: SearchOptions, _ times: inout StageTimes, _ observer: some RunObserver,
        keepsStreams: Bool = true
    ) throws {
        self.prepared = prepared
        let limit = (options.memory ?? Self.defaultMemory) - Self.promptBytes(prepared, options)
        try Self.checkMemory(limit, prepared, options)
        let (plan, space, budget) = try Self.factor(prepared, options, &times, observer)
        (self.plan, self.space, self.budget) = (plan, space, budget)
        let rungs = try times.measure("fitness targets") {
            try prepared.texts.fitness.map { windows in
                try FitnessText(
                    windows, mode: options.fitness == .kl ? .kl : .perplexity, dense: prepared.model,
                    in: prepared.workspace, isCancelled: { observer.isCancelled })
            }
        }
        let demand = EvaluationMemory.Demand(
            dense: prepared.model, space: space, workspace: prepared.workspace, rungTokens: rungs.map(\.tokens),
            factors: plan.byteCount, targets: rungs.reduce(0) { $0 + $1.byteCount },
            candidates: max(options.generation, options.population, space.sublayers.count),
            survivors: options.population)
        var memory = try EvaluationMemory(limit: limit, demand)
        if !keepsStreams { memory.kept = 0 }
        self.memory = memory
        models = CandidateModels(plan: plan, dense: prepared.model, space: space, memoryLimit: memory.sublayers)
        evaluator = CandidateEvaluator(
            rungs: rungs, models: models, dense: prepared.model, space: space, workspace: prepared.workspace,
            memory: memory)
    }

    /// The same search at another rate: only the budget is another.
    /// - Throws: `SearchError.badBudget` when the space does not hold the rate.
    func at(rate: Double) throws -> PreparedSearch {
        var other = self
        other.budget = Self.budget(rate, prepared)
        try other.budget.check(in: space)
        return other
    }

    /// Keys and values of the prompts of the model under pruning.
    private static func promptBytes(_ prepared: PreparedModel, _ options: SearchOptions) -> Int {
        options.usesOwnModel ? SelfProposer.byteCount(prepared.model, positions: PreparedModel.promptPositions) : 0
    }

    /// Before the calibration: the factors' size is known by then, and the moments', which are there before them.
    /// - Throws: `CompactionError.memoryTooSmall`.
    private static func checkMemory(_ limit: Int, _ prepared: PreparedModel, _ options: SearchOptions) throws {
        let description = prepared.checkpoint.description
        let factors = description.blocks.reduce(description.decoderParameters * 4) { sum, shape in
            sum + NestedFactor.byteCount(columns: shape.channels, outputs: description.hiddenSize)
                + AttentionPlan.byteCount(
                    shape.attention, headSize: description.headSize, outputs: description.hiddenSize,
                    unit: options.attentionUnit)
        }
        // What the calibration sums up stays until all factors are made of it.
        let moments = description.blocks.reduce(0) { sum, shape in
            let widths = [shape.channels, shape.queryHeads * description.headSize]
            let products = options.needsProducts ? widths.reduce(0) { $0 + $1 * $1 * 4 } : 0
            let metrics = options.needsGradients ? 2 * description.hiddenSize * description.hiddenSize * 4 : 0
            return sum + products + metrics
        }
        let tokens = prepared.texts.fitness.map { $0.reduce(0) { $0 + $1.count } }
        _ = try EvaluationMemory(
            limit: limit,
            EvaluationMemory.Demand(
                dense: prepared.model, space: space(prepared, options).0, workspace: prepared.workspace,
                rungTokens: tokens, factors: factors, targets: 0, moments: moments, candidates: 1, survivors: 0))
    }

    /// Half of the machine's memory.
    static var defaultMemory: Int { Int(clamping: ProcessInfo.processInfo.physicalMemory / 2) }

    /// The factors alone, for an allocation that needs no search.
    static func factor(
        _ prepared: PreparedModel, _ options: SearchOptions, _ times: inout StageTimes, _ observer: some RunObserver
    ) throws -> (PruningPlan, SearchSpace, Budget) {
        let calibration = try calibrate(prepared, options, &times, observer)
        return try factor(prepared, options, calibration, &times, observer)
    }

    /// What the method needs to know of the calibration text.
    static func calibrate(
        _ prepared: PreparedModel, _ options: SearchOptions, _ times: inout StageTimes, _ observer: some RunObserver
    ) throws -> Calibration {
        let cache = prepared.calibrationCache
        if let cached = try cache?.calibration(keepsProducts: options.needsProducts) {
            times.addCached("calibrate", seconds: cached.seconds)
            return cached.value
        }
        let start = ContinuousClock.now
        let calibration = try times.measure("calibrate") {
            try observer.stage(
                "calibrate", total: prepared.texts.calibration.reduce(0) { $0 + $1.count }, unit: "tokens"
            ) { progress in
                try Calibration(
                    prepared.model, prepared.texts.calibration, in: prepared.workspace,
                    firstTokenWeight: Float(options.firstTokenWeight), keepsProducts: options.needsProducts,
                    progress: progress,
                    isCancelled: { observer.isCancelled })
            }
        }
        cache?.keep(calibration, seconds: (ContinuousClock.now - start) / .seconds(1))
        return calibration
    }

    static func factor(
        _ prepared: PreparedModel, _ options: SearchOptions, _ calibration: Calibration, _ times: inout StageTimes,
        _ observer: some RunObserver
    ) throws -> (PruningPlan, SearchSpace, Budget) {
        let dense = try times.measure("factor") { try DenseBlocks(prepared.checkpoint) }
        let metrics =
            options.needsGradients
            ? try Self.differentiate(prepared, dense, calibration, options, &times, observer) : nil
        let plan = try times.measure("factor") {
            try observer.stage("factor", total: prepared.model.attention.count, unit: "blocks") { progress in
                try PruningPlan(
                    dense, calibration,
                    method: options.method.pruning, ridge: options.ridge,
                    order: options.unitOrder, metrics: metrics, attentionUnit: options.attentionUnit,
                    progress: progress,
                    isCancelled: { observer.isCancelled })
            }
        }
        let (space, budget) = try Self.space(prepared, options, plan)
        return (plan, space, budget)
    }

    private static func space(
        _ prepared: PreparedModel, _ options: SearchOptions, _ plan: PruningPlan? = nil
    ) throws -> (SearchSpace, Budget) {
        let space = try allLevels(prepared, options, plan)
        let budget = budget(options.rate, prepared)
        try budget.check(in: space)
        return (space, budget)
    }

    /// The space, whatever the rate.
    /// - Parameter plan: tells which shapes of attentions are worth a level; without it, where they are cut by heads, there
    ///   is one of every size.
    /// - Throws: `SearchError.badSpace`.
    static func allLevels(
        _ prepared: PreparedModel, _ options: SearchOptions, _ plan: PruningPlan? = nil
    ) throws -> SearchSpace {
        let (description, addsBiases) = (prepared.checkpoint.description, options.method.pruning.addsBiases)
        let byHeads = options.attentionUnit == .head
        return try SearchSpace(
            description, granularity: options.granularity == .layer ? .layer : .sublayer,
            channelStep: options.settledChannelStep, alignment: options.alignment ?? 32, addsBiases: addsBiases,
            attention: byHeads ? plan?.attentionLevels ?? description.attentionLevels(addsBiases: addsBiases) : nil,
            rates: options.rateBounds)
    }

    /// The biases that the refit adds count against the budget.
    private static func budget(_ rate: Double, _ prepared: PreparedModel) -> Budget {
        let parameters = prepared.checkpoint.description.decoderParameters
        return Budget(maximumParameters: Int(((1 - rate) * Double(parameters)).rounded(.down)))
    }

    /// Whether the space holds the rate, and there is an endpoint or a record to ask: before anything that takes time.
    /// - Throws: `SearchError`, `ChatError`.
    static func check(_ prepared: PreparedModel, _ options: SearchOptions) throws {
        _ = try space(prepared, options)
        try options.chat?.check()
    }

    static func uniform(_ space: SearchSpace, _ budget: Budget) throws -> Candidate {
        let seeds = try UniformSeed().seeds(in: space, budget: budget)
        return try space.repair(seeds[0].levels, to: budget)
    }

    // MARK: Sensitivities

    /// How much the fitness of the dense model suffers with one sublayer cut, per sublayer, on the text of the first
    /// rung.
    func measureSensitivities(_ observer: some RunObserver) throws -> [Double] {
        let levels = space.sensitivityLevels(for: budget)
        let candidates = space.sublayers.indices.map { cut([$0], to: levels) }
        let losses = try losses(of: candidates, stage: "sensitivities", unit: "sublayers", observer)
        // A cut after which there are no numbers is as bad as the worst.
        let worst = losses.filter(\.isFinite).max() ?? 1
        return losses.map { $0.isFinite ? $0 : worst }
    }

    /// The whole model with some sublayers at the given levels.
    func cut(_ sublayers: [Int], to levels: [Int]) -> Candidate {
        var candidate = space.full
        for index in sublayers { candidate.levels[index] = levels[index] }
        return candidate
    }

    /// Fitness beyond that of the dense model on the text of the first rung; not always finite.
    func losses(
        of candidates: [Candidate], stage: String, unit: String, _ observer: some RunObserver
    ) throws -> [Double] {
        // The dense model last: its own fitness is 0 where that is a divergence from it.
        let all = candidates + [space.full]
        var values = [Double](repeating: 0, count: all.count)
        try observer.stage(stage, total: all.count, unit: unit) { progress in
            var done = 0
            try evaluator.evaluate(all, rung: 0, isCancelled: { observer.isCancelled }) { place, value in
                values[place] = value
                done += 1
                progress(done)
            }
        }
        let dense = values.removeLast()
        return values.map { $0 - dense }
    }

    /// Allocations in closed form.
    func seeds(_ options: SearchOptions, _ sensitivities: [Double]?) -> [any SeedProposer] {
        if options.proposer == .uniform { return [UniformSeed()] }
        guard options.usesSeeds else { return [] }
        let errors = plan.residualErrors(in: space)
        var seeds: [any SeedProposer] = [UniformSeed()]
        if let errors { seeds += Self.errorCurveSeeds(errors, space) }
        if let sensitivities {
            seeds.append(
                SensitivitySeeds(
                    sensitivities: sensitivities, levels: space.sensitivityLevels(for: budget), errors: errors))
        }
        return seeds + [SlopeSeeds()]
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
}

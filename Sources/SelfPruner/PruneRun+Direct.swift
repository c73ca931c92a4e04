import Calibration
import Compaction
import Evaluation
import Factors
import Search

/// Allocations that no search has to find.
extension PruneRun {
    mutating func chooseDirectly() throws -> Choice {
        switch options.settledAllocation {
        case .uniform: return try chooseUniform()
        case .owl: return try chooseByOutliers()
        case .global: return try chooseByThreshold()
        case .blocks: return try chooseBlocks()
        case .search: preconditionFailure("a search has a folder")
        }
    }

    private mutating func chooseUniform() throws -> Choice {
        let calibration =
            try options.method.needsCalibration
            ? PreparedSearch.calibrate(prepared, options.search, &times, observer) : noCalibration()
        let (plan, space, budget) = try PreparedSearch.factor(
            prepared, options.search, calibration, &times, observer)
        var candidate = try PreparedSearch.uniform(space, budget)
        // The size was settled before it was known which shapes of attentions there are.
        if case .size(let bytes) = options.amount {
            candidate = try trimmed(candidate, to: bytes, space) ?? candidate
        }
        return Choice(plan: plan, space: space, candidate: candidate)
    }

    private mutating func chooseByOutliers() throws -> Choice {
        let calibration = try PreparedSearch.calibrate(prepared, options.search, &times, observer)
        let (plan, space, budget) = try PreparedSearch.factor(
            prepared, options.search, calibration, &times, observer)
        let start = ContinuousClock.now
        let stream = try observeText("outliers") { progress in
            try StreamSquares(
                prepared.model, texts.calibration, in: prepared.workspace, progress: progress,
                isCancelled: { observer.isCancelled })
        }
        let distribution = OutlierDistribution(plan.dense, calibration, stream)
        times.add("outliers", since: start)
        let fractions = distribution.keptFractions(rate: options.rate)
        return Choice(
            plan: plan, space: space, candidate: try space.candidate(keepingFractions: fractions, to: budget))
    }

    private mutating func chooseByThreshold() throws -> Choice {
        let calibration = try PreparedSearch.calibrate(prepared, options.search, &times, observer)
        let (plan, space, budget) = try PreparedSearch.factor(
            prepared, options.search, calibration, &times, observer)
        let start = ContinuousClock.now
        let candidate = try space.candidate(
            keepingHighest: plan.scores(FLAPOrder(), calibration, in: space), to: budget)
        times.add("threshold", since: start)
        return Choice(plan: plan, space: space, candidate: candidate)
    }

    private mutating func chooseBlocks() throws -> Choice {
        let calibration = try noCalibration()
        let (plan, space, budget) = try PreparedSearch.factor(
            prepared, options.search, calibration, &times, observer)
        let removal = BlockRemoval(space, budget)
        let start = ContinuousClock.now
        let candidate: Candidate
        if options.method == .sleb {
            candidate = try eliminateBlocks(removal, plan, space)
        } else {
            let influence = try observeText("influence") { progress in
                try BlockInfluence(
                    prepared.model, texts.calibration, in: prepared.workspace, progress: progress,
                    isCancelled: { observer.isCancelled })
            }
            candidate = try removal.candidate(byScores: influence.values)
        }
        times.add(options.method == .sleb ? "elimination" : "influence", since: start)
        return Choice(plan: plan, space: space, candidate: candidate)
    }

    private func eliminateBlocks(
        _ removal: BlockRemoval, _ plan: PruningPlan, _ space: SearchSpace
    ) throws -> Candidate {
        let text = try FitnessText(
            Self.sample(of: texts.calibration), mode: .perplexity, dense: prepared.model, in: prepared.workspace)
        let memory = try EvaluationMemory(
            limit: options.memory ?? PreparedSearch.defaultMemory,
            EvaluationMemory.Demand(
                dense: prepared.model, space: space, workspace: prepared.workspace, rungTokens: [text.tokens],
                factors: plan.byteCount, targets: text.byteCount, candidates: space.sublayers.count, survivors: 1))
        let evaluator = CandidateEvaluator(
            rungs: [text],
            models: CandidateModels(
                plan: plan, dense: prepared.model, space: space, memoryLimit: memory.sublayers),
            dense: prepared.model, space: space, workspace: prepared.workspace, memory: memory)
        return try observer.stage("elimination", total: removal.evaluations, unit: "candidates") { progress in
            try removal.eliminate(evaluator, progress: progress, isCancelled: { observer.isCancelled })
        }
    }

    /// Of methods that see no activations: nothing.
    private func noCalibration() throws -> Calibration {
        try Calibration(prepared.model, [], in: prepared.workspace, keepsProducts: false)
    }

    private func observeText<Result>(
        _ stage: String, _ body: (_ progress: (Int) -> Void) throws -> Result
    ) throws -> Result {
        try observer.stage(stage, total: texts.calibration.reduce(0) { $0 + $1.count }, unit: "tokens", body)
    }

    /// What the elimination of blocks measures candidates on: 8,192 tokens at most, in windows of 512 from all over the
    /// calibration text. There are hundreds of candidates, and SLEB's 128 windows of 2,048 would take hours.
    private static func sample(of windows: [[Int32]]) -> [[Int32]] {
        let (length, most) = (512, 16)
        let pieces = windows.flatMap { window in
            stride(from: 0, to: window.count, by: length).map { Array(window[$0..<min($0 + length, window.count)]) }
        }.filter { $0.count > 1 }
        let count = min(most, pieces.count)
        return (0..<count).map { pieces[$0 * pieces.count / count] }
    }
}

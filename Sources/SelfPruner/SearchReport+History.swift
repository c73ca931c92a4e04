import Search

extension SearchReport {
    init(_ finished: FinishedSearch, _ options: SearchOptions, _ shared: PreparedSearch) {
        self.init(
            finished.search.history, finished.search.statistics, options.proposer,
            rungTokens: shared.evaluator.rungTokens)
        memoryPlan = shared.memory.description
        finishReason = finished.reason.rawValue
        work = finished.work
        sensitivitySeconds = finished.sensitivitySeconds
        chat = finished.usage
    }

    init(
        _ history: SearchHistory, _ statistics: [OperatorStatistics], _ proposer: SearchOptions.ProposerKind,
        rungTokens: [Int]
    ) {
        let seconds = history.seconds
        let uniform = history.records.first { $0.operator == .uniformSeed }?.fitness
        self.init(
            proposer: proposer.rawValue, evaluated: history.evaluated, finishReason: history.finishReason?.rawValue,
            uniformFitness: uniform.flatMap { $0.isFinite ? $0 : nil }, bestFitness: history.best?.fitness,
            rungTokens: rungTokens,
            evaluatedPerRung: rungTokens.indices.map(history.evaluated(onRung:)), seconds: seconds,
            secondsPerCandidate: seconds / Double(max(history.evaluated, 1)),
            proposalSeconds: history.proposalSeconds,
            proposalShare: seconds > 0 ? history.proposalSeconds / seconds : 0, sensitivitySeconds: 0, work: nil,
            memoryPlan: nil,
            bestSoFar: history.bestSoFar.map { $0.isFinite ? $0 : nil },
            operators: statistics.map {
                Operator(
                    name: $0.operator.rawValue, evaluated: $0.evaluated, accepted: $0.accepted,
                    improvedParents: $0.improvedParents, improvedBest: $0.improvedBest, rejected: $0.rejected,
                    proposalSeconds: $0.proposalSeconds, evaluationSeconds: $0.evaluationSeconds,
                    agreement: $0.agreement?.share, chanceAgreement: $0.agreement?.chance)
            }, rejections: Self.rejections(history.rejections), chat: nil,
            best: history.best.map {
                Best(
                    index: $0.index, levels: $0.candidate.levels, name: $0.operator.rawValue, parents: $0.parents)
            })
    }

    private static func rejections(_ all: [Rejection]) -> [Rejections] {
        var counted: [Rejections] = []
        for rejection in all {
            let (name, reason) = (rejection.operator.rawValue, rejection.reason.rawValue)
            if let place = counted.firstIndex(where: { $0.name == name && $0.reason == reason }) {
                counted[place].count += 1
            } else {
                counted.append(Rejections(name: name, reason: reason, count: 1, example: rejection.detail))
            }
        }
        return counted
    }
}

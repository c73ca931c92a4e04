import Checkpoints
import Evaluation
import Kernels
import Search

/// The version that reports and `--version` state.
public let selfPrunerVersion = "0.1.0"

extension PruneReport.Figures {
    init(_ perplexity: Perplexity, _ checkpoint: any Checkpoint, decodeTokensPerSecond: Double) {
        let summary = ModelSummary(checkpoint)
        self.init(
            perplexity: perplexity.value, perplexityStandardError: perplexity.valueStandardError,
            negativeLogLikelihood: perplexity.negativeLogLikelihood, tokensScored: perplexity.tokensScored,
            parameters: summary.parameters, decoderParameters: summary.decoderParameters, fileBytes: summary.bytes,
            elementTypes: Array(summary.elementTypesByCount.prefix(1)),
            bfloat16Bytes: summary.parameters * 2, prefillTokensPerSecond: perplexity.tokensPerSecond,
            decodeTokensPerSecond: decodeTokensPerSecond)
    }
}

extension PruneRun {
    func report(
        _ before: PruneReport.Figures, _ after: PruneReport.Figures, _ choice: Choice, _ shapes: [BlockShape],
        _ refit: RefitReport?, _ elementName: String
    ) -> PruneReport {
        PruneReport(
            program: "selfpruner \(selfPrunerVersion)", settings: settings(elementName),
            rate: PruneReport.Rate(
                target: options.rate,
                decoder: 1 - Double(after.decoderParameters) / Double(before.decoderParameters),
                total: 1 - Double(after.parameters) / Double(before.parameters)),
            before: before, after: after, protocols: protocols, blocks: blocks(choice.space, choice.candidate, shapes),
            search: choice.search, refit: refit, seconds: times.seconds,
            cachedSeconds: times.cachedSeconds.isEmpty ? nil : times.cachedSeconds)
    }

    private func settings(_ elementName: String) -> PruneReport.Settings {
        PruneReport.Settings(
            model: options.model, output: options.output, rate: options.rate, method: options.method.rawValue,
            order: options.order.rawValue, attentionUnits: options.search.settledAttentionUnits.rawValue,
            allocation: options.settledAllocation.rawValue,
            granularity: options.granularity.rawValue,
            channelStep: options.channelStep, alignment: options.alignment, ridge: options.ridge,
            firstTokenWeight: options.firstTokenWeight,
            gradientTokens: options.search.needsGradients ? options.search.gradientTokens : 0,
            refit: options.refit.rawValue,
            fitness: options.fitness.rawValue,
            proposer: options.proposer.rawValue, candidates: options.candidates, population: options.population,
            generation: options.generation, rungTokens: texts.fitness.map { $0.reduce(0) { $0 + $1.count } },
            rungShares: options.rungShares,
            rateBounds: options.rateBounds.map { [$0.lowerBound, $0.upperBound] } ?? [],
            closedForm: options.usesSeeds, promptStyle: options.promptStyle.rawValue, prompts: options.prompts,
            fitnessJoiner: options.fitnessJoiner.rawValue, evaluationJoiner: options.evaluationJoiner.rawValue,
            timeLimit: options.timeLimit, seed: options.seed,
            chatModel: options.chat?.model, calibrationTexts: texts.calibrationPaths, fitnessText: texts.fitnessPath,
            evaluationText: texts.evaluationPath, calibrationTokens: texts.calibration.reduce(0) { $0 + $1.count },
            vocabularyShare: options.search.settledVocabularyShare,
            evaluationTokens: texts.evaluation.reduce(0) { $0 + $1.count }, sequenceLength: options.sequenceLength,
            format: options.form.format.rawValue, elementType: elementName,
            precision: prepared.model.precision.rawValue, threads: Threads.count)
    }

    private var protocols: PruneReport.Protocols {
        PruneReport.Protocols(
            perplexity: prepared.perplexityProtocol(options.search), generation: measures.generation,
            fitness: options.fitness == .kl
                ? "mean KL(dense ‖ pruned) in nats per token over the dense model's 256 most probable tokens"
                : "mean negative log-likelihood in nats per token")
    }

    private func blocks(_ space: SearchSpace, _ best: Candidate, _ shapes: [BlockShape]) -> [PruneReport.Block] {
        let dense = checkpoint.description.blocks
        let full = space.sublayers.map { Double($0.fullParameters) }
        let kept = zip(space.sublayers, best.levels).map { Double($0.parameters[$1]) }
        func rate(_ sublayers: [Int]) -> Double {
            let all = sublayers.reduce(0.0) { $0 + full[$1] }
            return all == 0 ? 0 : 1 - sublayers.reduce(0.0) { $0 + kept[$1] } / all
        }
        return dense.indices.map { index in
            let (attention, mlp) = (2 * index, 2 * index + 1)
            return PruneReport.Block(
                index: index, keyValueHeads: shapes[index].keyValueHeads,
                denseKeyValueHeads: dense[index].keyValueHeads, queryHeads: shapes[index].queryHeads,
                denseQueryHeads: dense[index].queryHeads, channels: shapes[index].channels,
                denseChannels: dense[index].channels, rate: rate([attention, mlp]), attentionRate: rate([attention]),
                mlpRate: rate([mlp]))
        }
    }
}

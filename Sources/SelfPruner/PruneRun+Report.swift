import Checkpoints
import Evaluation
import Export
import Kernels
import Search

/// The version that reports and `--version` state.
public let selfPrunerVersion = "0.1.0"

extension PruneOptions {
    var settledAllocation: Allocation { allocation ?? (method == .nested ? .search : .uniform) }
}

extension StoredElement {
    init(_ option: PruneOptions.ElementType, keeping checkpoint: any Checkpoint) {
        switch option {
        case .auto:
            // Norms are float32 in every GGUF file; the matrices tell.
            let matrices = checkpoint.storedTensors.filter {
                checkpoint.description.weightShape($0.key)?.columns != nil
            }
            self.init(keeping: matrices.values.map(\.elementType))
        case .float32: self = .float32
        case .float16: self = .float16
        case .bfloat16: self = .bfloat16
        }
    }
}

extension PruneReport.Figures {
    init(_ perplexity: Perplexity, _ checkpoint: any Checkpoint, decodeTokensPerSecond: Double) {
        let summary = ModelSummary(checkpoint)
        self.init(
            perplexity: perplexity.value, perplexityStandardError: perplexity.valueStandardError,
            negativeLogLikelihood: perplexity.negativeLogLikelihood, tokensScored: perplexity.tokensScored,
            parameters: summary.parameters, decoderParameters: summary.decoderParameters, fileBytes: summary.bytes,
            elementTypes: Array(
                summary.elementTypes.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.map(\.key).prefix(1)),
            bfloat16Bytes: summary.parameters * 2, prefillTokensPerSecond: perplexity.tokensPerSecond,
            decodeTokensPerSecond: decodeTokensPerSecond)
    }
}

/// A search that ended by itself.
struct FinishedSearch {
    var search: EvolutionarySearch
    var reason: FinishReason
}

extension PruneRun {
    func report(
        _ before: PruneReport.Figures, _ after: PruneReport.Figures, _ space: SearchSpace, _ best: Candidate,
        _ search: FinishedSearch?, _ element: StoredElement
    ) -> PruneReport {
        PruneReport(
            program: "selfpruner \(selfPrunerVersion)", settings: settings(element),
            rate: PruneReport.Rate(
                target: options.rate,
                decoder: 1 - Double(after.decoderParameters) / Double(before.decoderParameters),
                total: 1 - Double(after.parameters) / Double(before.parameters)),
            before: before, after: after, protocols: protocols, blocks: blocks(space, best),
            search: search.map(summary), seconds: seconds)
    }

    private func settings(_ element: StoredElement) -> PruneReport.Settings {
        PruneReport.Settings(
            model: options.model, output: options.output, rate: options.rate, method: options.method.rawValue,
            allocation: options.settledAllocation.rawValue, granularity: options.granularity.rawValue,
            channelStep: options.channelStep, ridge: options.ridge, fitness: options.fitness.rawValue,
            candidates: options.candidates, population: options.population, timeLimit: options.timeLimit,
            seed: options.seed, calibrationTexts: texts.calibrationPaths, fitnessText: texts.fitnessPath,
            evaluationText: texts.evaluationPath, calibrationTokens: texts.calibration.reduce(0) { $0 + $1.count },
            fitnessTokens: texts.fitness.reduce(0) { $0 + $1.count },
            evaluationTokens: texts.evaluation.reduce(0) { $0 + $1.count }, sequenceLength: options.sequenceLength,
            elementType: element.torchName, precision: model.precision.rawValue, threads: Threads.count)
    }

    private var protocols: PruneReport.Protocols {
        PruneReport.Protocols(
            perplexity: PerplexityProtocol(
                corpus: texts.evaluationName, joiner: options.evaluationJoiner.words,
                sequenceLength: texts.evaluation[0].count, stride: options.sequenceLength,
                windows: texts.evaluation.count, beginOfText: false, precision: model.precision.rawValue),
            fitness: options.fitness == .kl
                ? "mean KL(dense ‖ pruned) in nats per token over the dense model's 256 most probable tokens"
                : "mean negative log-likelihood in nats per token")
    }

    private func blocks(_ space: SearchSpace, _ best: Candidate) -> [PruneReport.Block] {
        let dense = checkpoint.description.blocks
        let full = space.sublayers.map { Double($0.fullParameters) }
        let kept = zip(space.sublayers, best.levels).map { Double($0.parameters[$1]) }
        let units = zip(space.sublayers, best.levels).map { $0.units[$1] }
        func rate(_ sublayers: [Int]) -> Double {
            let all = sublayers.reduce(0.0) { $0 + full[$1] }
            return all == 0 ? 0 : 1 - sublayers.reduce(0.0) { $0 + kept[$1] } / all
        }
        return dense.indices.map { index in
            let (attention, mlp) = (2 * index, 2 * index + 1)
            let heads = dense[index].keyValueHeads
            return PruneReport.Block(
                index: index, keyValueHeads: units[attention], denseKeyValueHeads: heads,
                queryHeads: heads == 0 ? 0 : dense[index].queryHeads / heads * units[attention],
                channels: units[mlp], denseChannels: dense[index].channels, rate: rate([attention, mlp]),
                attentionRate: rate([attention]), mlpRate: rate([mlp]))
        }
    }

    private func summary(_ finished: FinishedSearch) -> PruneReport.Search {
        let history = finished.search.history
        let count = history.records.count
        return PruneReport.Search(
            evaluated: count, finishReason: finished.reason.rawValue,
            uniformFitness: history.records.first?.fitness, bestFitness: history.best?.fitness,
            seconds: history.seconds, secondsPerCandidate: history.seconds / Double(max(count, 1)),
            bestSoFar: history.bestSoFar,
            operators: finished.search.statistics.map {
                PruneReport.Operator(
                    name: $0.operator.rawValue, evaluated: $0.evaluated, accepted: $0.accepted,
                    improvedBest: $0.improvedBest)
            })
    }
}

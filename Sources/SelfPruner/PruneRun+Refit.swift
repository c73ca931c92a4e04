import Compaction
import Evaluation
import Foundation
import Models
import Refit
import Search

/// How the chosen allocation was refitted, sublayer by sublayer.
public struct RefitReport: Sendable, Codable {
    /// What the output projections were fitted to: `none` (left as the search had them), `output` or `residual`.
    public var target: String
    /// Fitness on the last rung's text of everything that was tried; lower is better.
    public var fitness: [String: Double]
    public var steps: [Step]
    public var seconds: Double

    /// One sublayer.
    public struct Step: Sendable, Codable {
        public var block: Int
        /// `attention` or `mlp`.
        public var sublayer: String
        /// Ridge of the output projection, and of those that read the stream; left out where they stayed as they were.
        public var ridge: Double?
        public var inputRidge: Double?
        /// Weighted mean squared error of the output on held-out tokens, before the fit and after: to be compared with
        /// each other, not between sublayers. Left out where the calibration was too short to hold out any.
        public var before: Double?
        public var after: Double?
    }
}

extension PruneRun {
    /// Refits the pruned blocks as asked, and keeps what does best on the last rung's text, which no fit has seen.
    mutating func refit(_ blocks: CompactedBlocks) throws -> (CompactedBlocks, RefitReport?) {
        let targets = options.refitTargets
        guard !targets.isEmpty, options.method == .nested else { return (blocks, nil) }
        let start = ContinuousClock.now
        let observer = observer
        let text = try FitnessText(
            texts.fitness.last ?? [], mode: options.fitness == .kl ? .kl : .perplexity, dense: prepared.model,
            in: prepared.workspace, isCancelled: { observer.isCancelled })
        var best = (blocks: blocks, name: "none", fitness: try fitness(of: blocks, on: text), steps: [RefitStep]())
        var tried = [best.name: best.fitness]
        for target in targets {
            var settings = SequentialRefit.Settings()
            settings.target = target
            settings.firstTokenWeight = Float(options.firstTokenWeight)
            let (refitted, steps) = try observer.stage(
                "refit to the \(target.rawValue)", total: prepared.model.sublayerCount, unit: "sublayers"
            ) { progress in
                try SequentialRefit(
                    prepared.model, texts.calibration, settings: settings, in: prepared.workspace,
                    isCancelled: { [observer] in observer.isCancelled })(blocks, progress: progress)
            }
            let fitness = try fitness(of: refitted, on: text)
            tried[target.rawValue] = fitness
            if fitness < best.fitness || !best.fitness.isFinite {
                best = (refitted, target.rawValue, fitness, steps)
            }
        }
        times.add("refit", since: start)
        return (
            best.blocks,
            RefitReport(
                target: best.name, fitness: tried.filter { $0.value.isFinite },
                steps: best.steps.map(RefitReport.Step.init),
                seconds: (ContinuousClock.now - start) / .seconds(1))
        )
    }

    private func fitness(of blocks: CompactedBlocks, on text: FitnessText) throws -> Double {
        try text.score(
            try prepared.model.holding(blocks), in: prepared.workspace, isCancelled: { observer.isCancelled })
    }
}

extension PruneOptions {
    fileprivate var refitTargets: [RefitTarget] {
        switch refit {
        case .none: []
        case .auto: RefitTarget.allCases
        case .output: [.output]
        case .residual: [.residual]
        }
    }
}

extension RefitReport.Step {
    init(_ step: RefitStep) {
        self.init(
            block: step.sublayer / 2, sublayer: step.sublayer.isMultiple(of: 2) ? "attention" : "mlp",
            ridge: step.ridge,
            inputRidge: step.inputRidge, before: step.before, after: step.after)
    }
}

extension LlamaModel {
    /// The same model with other blocks.
    /// - Throws: `KernelError`.
    func holding(_ blocks: CompactedBlocks) throws -> LlamaModel {
        var model = self
        model.description = blocks.description
        model.attention = try blocks.attention.map { try AttentionSublayer($0, precision: precision) }
        model.mlp = try blocks.mlp.map { try MLPSublayer($0, precision: precision) }
        return model
    }
}

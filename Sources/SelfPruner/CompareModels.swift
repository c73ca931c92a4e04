import Checkpoints
import Evaluation
import Foundation
import Kernels
import Models
import Tokenization

/// Measures models and puts them side by side.
/// - Parameter measureSpeed: measures a model's speed, best in a process of its own; see `bench`.
/// - Throws: errors that describe themselves in a sentence; `CancellationError`.
public func compareModels(
    _ options: CompareModelsOptions, observer: some RunObserver = SilentObserver(),
    measureSpeed: (_ model: String) throws -> BenchRun
) throws -> ModelComparisonReport {
    // Before the work here adds to it.
    let load = systemLoadAverage
    try options.check()
    let precision = try options.compute.apply()
    let models = try options.models.map { try OpenedModel($0) }
    let prompts = try options.prompts.map { try PreparedPrompts($0) }
    var report = ModelComparisonReport(
        program: "selfpruner \(selfPrunerVersion)",
        protocols: .init(precision: precision.rawValue, threads: Threads.count), models: models.map(\.figures))
    for index in models.indices {
        report.models[index].removed =
            1 - Double(models[index].figures.decoderParameters) / Double(max(models[0].figures.decoderParameters, 1))
    }
    var texts = try options.text.map { try ComparedText($0, models, precision) }
    let measures = try models.map {
        try ModelMeasures(options.tasks, prompts, $0.path, $0.checkpoint, $0.tokenizer, observer)
    }
    // A model that is measured last would refuse after all others were.
    let positions = try models.indices.map { index in
        let longest = [texts?.positions(index), measures[index].positions].compactMap { $0 }.max()
        if let longest { try requireContext(of: models[index].checkpoint, models[index].path, positions: longest) }
        return longest
    }

    // First of all, while this process holds nothing that others would miss.
    if var bench = options.bench {
        bench.models = options.models
        bench.reference = 0
        bench.compute = options.compute
        let speeds = try SelfPruner.bench(bench, observer: observer, loadAverage: load, measure: measureSpeed)
        report.protocols.bench = .init(speeds)
        for (index, model) in speeds.models.enumerated() {
            report.models[index].speed = model.figures
            report.models[index].speedRatios = model.ratios
        }
    }
    let names = ModelNames(options.models).short
    for (index, opened) in models.enumerated() {
        guard let positions = positions[index] else { continue }
        let model = try loadModel(opened.checkpoint, precision, positions: positions, observer)
        try texts?.measure(model, index, &report.models[index], observer, stage: "evaluate \(names[index])")
        let measured = try measures[index].measure(model, observer, name: names[index])
        report.models[index].tasks = measured.tasks
        report.models[index].diversity = measured.diversity
        report.models[index].continuations = measured.continuations
    }
    report.protocols.perplexity = texts?.protocols
    report.protocols.divergenceTokens = texts?.divergenceTokens
    report.protocols.generation = measures[0].generation
    return report
}

/// A model whose headers were read.
private struct OpenedModel {
    let path: String
    let checkpoint: any Checkpoint
    let tokenizer: Tokenizer
    let figures: ModelComparisonReport.Model

    init(_ path: String) throws {
        self.path = path
        checkpoint = try openCheckpoint(path)
        tokenizer = try Tokenizer(checkpoint.tokenizer)
        let summary = ModelSummary(checkpoint)
        figures = ModelComparisonReport.Model(
            model: path, parameters: summary.parameters, decoderParameters: summary.decoderParameters, removed: 0,
            diskBytes: try checkpoint.diskBytes(), elementTypes: summary.elementTypesByCount)
    }
}

/// The text in the windows of each model.
private struct ComparedText {
    private let windows: [[[Int32]]]
    /// Of the dense model's text.
    let protocols: PerplexityProtocol
    /// With what the dense model predicts, once it has run.
    private var comparison: TextComparison?
    /// Whether each model has the dense one's tokens.
    private let isComparable: [Bool]

    /// Of the text, to measure divergences on: some 130 MB are kept of these.
    private static let divergenceTokens = 65536

    init(_ options: EvaluateOptions, _ models: [OpenedModel], _ precision: Precision) throws {
        let texts = try models.map { try EvaluationText(options, $0.tokenizer) }
        let windows = texts.map(\.windows)
        let vocabularies = models.map(\.checkpoint.description.vocabularySize)
        self.windows = windows
        isComparable = models.indices.map { windows[$0] == windows[0] && vocabularies[$0] == vocabularies[0] }
        protocols = texts[0].measured(in: precision)
    }

    /// That a model needs.
    func positions(_ index: Int) -> Int { windows[index].reduce(0) { max($0, $1.count) } }

    var divergenceTokens: Int? { comparison?.divergenceTokens }

    mutating func measure(
        _ model: LlamaModel, _ index: Int, _ figures: inout ModelComparisonReport.Model, _ observer: some RunObserver,
        stage: String
    ) throws {
        let windows = self.windows[index]
        let total = windows.reduce(0) { $0 + $1.count }
        let perplexity: Perplexity
        if index > 0, !isComparable[index] {
            perplexity = try measurePerplexity(model, windows, observer, stage: stage)
        } else {
            let workspace = Workspace(model, rows: max(min(workspaceRows, total), positions(index)))
            let known = comparison
            let measured = try observer.stage(stage, total: total, unit: "tokens") {
                progress -> (TextComparison, Perplexity, Double?) in
                if let known {
                    let result = try known.measure(
                        model, in: workspace, progress: progress, isCancelled: { observer.isCancelled })
                    return (known, result.perplexity, result.divergence)
                }
                let dense = try TextComparison(
                    windows, dense: model, in: workspace, maximumDivergenceTokens: Self.divergenceTokens,
                    progress: progress, isCancelled: { observer.isCancelled })
                return (dense, dense.perplexity, nil)
            }
            comparison = measured.0
            perplexity = measured.1
            figures.divergence = measured.2
        }
        figures.perplexity = perplexity.value
        figures.perplexityStandardError = perplexity.valueStandardError
        figures.negativeLogLikelihood = perplexity.negativeLogLikelihood
        figures.tokensScored = perplexity.tokensScored
    }
}

extension ModelComparisonReport.Bench {
    init(_ report: BenchReport) {
        self.init(
            promptTokens: report.promptTokens, newTokens: report.newTokens, runs: report.runs,
            loadAverage: report.loadAverage)
    }
}

extension ModelComparisonReport.Generation {
    init(_ prompts: PreparedPrompts) {
        self.init(
            prompts: prompts.name, count: prompts.prompts.count, maximumTokens: prompts.options.maximumTokens,
            temperature: prompts.options.temperature, seed: prompts.options.seed)
    }
}

extension ModelSummary {
    /// Names of element types, most parameters first.
    var elementTypesByCount: [String] {
        elementTypes.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.map(\.key)
    }
}

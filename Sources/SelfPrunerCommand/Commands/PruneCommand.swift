import ArgumentParser
import Foundation
import Reporting
import SelfPruner

struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Write a smaller, dense version of a model.",
        discussion: """
            Removes the given fraction of the decoder blocks' parameters: whole key/value groups with their query \
            heads, and whole MLP channels. How much each block gives is searched for by evolution, each candidate \
            measured on the fitness text. The output projections are refit to what is left by least squares.

            The output folder holds config.json, model.safetensors, the tokenizer's files, report.json and report.md; \
            it appears whole or not at all. Calibration, fitness and evaluation texts must not overlap; the default \
            ones come with the set-up.
            """)

    @Argument(help: "A GGUF file or a Hugging Face folder.")
    var model: String

    @Option(help: "Fraction of the decoder blocks' parameters to remove, between 0 and 1.")
    var rate: Double

    @Option(help: "Folder for the smaller model.")
    var output: String

    @Option(help: "nested (refit by least squares) or wanda-sp (as published).")
    var method = PruneOptions.Method.nested

    @Option(help: "search or uniform; by default search for nested and uniform for wanda-sp.")
    var allocation: PruneOptions.Allocation?

    @Option(help: "layer (one rate for a block) or sublayer (attention and MLP apart).")
    var granularity = PruneOptions.Granularity.sublayer

    @Option(help: "Channels of one step of an MLP; a 32nd of them in multiples of 32 by default.")
    var channelStep: Int?

    @Option(help: "Ridge of the least squares, a fraction of the inputs' mean variance.")
    var ridge: Double = PruneOptions(model: "", rate: 0, output: "").ridge

    @Option(help: "What the search minimises: kl (divergence from the dense model) or perplexity.")
    var fitness = PruneOptions.Fitness.kl

    @Option(help: "Candidates to evaluate.")
    var candidates: Int = PruneOptions(model: "", rate: 0, output: "").candidates

    @Option(help: "Candidates that the search keeps and breeds from.")
    var population: Int = PruneOptions(model: "", rate: 0, output: "").population

    @Option(name: .customLong("time"), help: "Limit of the search, such as 90s, 12m or 1.5h.")
    var timeLimit: TimeLimit?

    @Option(help: "Seed of the search; the same seed gives the same result.")
    var seed: UInt64 = 0

    @Option(name: .customLong("calibration"), parsing: .upToNextOption, help: "Text files for the calibration.")
    var calibration: [String] = []

    @Option(help: "Text file that the search measures candidates on.")
    var fitnessText: String?

    @Option(help: "Text file that the report measures on.")
    var evaluationText: String?

    @Option(help: "How the evaluation text is made of its file: none or wikitext.")
    var evaluationJoiner = TextJoiner.none

    @Option(help: "Calibration tokens, shared evenly by the files.")
    var calibrationTokens: Int = PruneOptions(model: "", rate: 0, output: "").calibrationTokens

    @Option(help: "Fitness tokens.")
    var fitnessTokens: Int = PruneOptions(model: "", rate: 0, output: "").fitnessTokens

    @Option(help: "Evaluation tokens at most, or all.")
    var evaluationTokens = TokenLimit.atMost(32768)

    @Option(help: "Tokens of one window of calibration and evaluation.")
    var sequenceLength = 2048

    @Option(
        help:
            "How weights are stored: auto (the input's type; bfloat16 for quantised input), float32, float16, bfloat16."
    )
    var elementType = PruneOptions.ElementType.auto

    @Flag(help: "Replace an output folder that is not empty.")
    var overwrite = false

    @OptionGroup var compute: ComputeArguments
    @OptionGroup var json: JSONFlag

    func run() async throws {
        let report = try await prune(options, observer: TerminalObserver())
        if json.json { return try printJSON(report) }
        print(report.comparison.plain(heading: Terminal.standardOutput.bold))
        print("\nThe smaller model is in \(output); report.md there has the blocks and the settings.")
    }

    private var options: PruneOptions {
        var options = PruneOptions(model: model, rate: rate, output: output)
        options.method = method
        options.allocation = allocation
        options.granularity = granularity
        options.channelStep = channelStep
        options.ridge = ridge
        options.fitness = fitness
        options.candidates = candidates
        options.population = population
        options.timeLimit = timeLimit?.seconds
        options.seed = seed
        options.calibrationTexts = calibration.isEmpty ? nil : calibration
        options.fitnessText = fitnessText
        options.evaluationText = evaluationText
        options.evaluationJoiner = evaluationJoiner
        options.calibrationTokens = calibrationTokens
        options.fitnessTokens = fitnessTokens
        options.evaluationTokens = evaluationTokens.count
        options.sequenceLength = sequenceLength
        options.elementType = elementType
        options.overwrite = overwrite
        options.compute = compute.options
        return options
    }
}

/// A duration as people type it: `90`, `90s`, `12m`, `1.5h`.
struct TimeLimit: ExpressibleByArgument {
    var seconds: Double

    init?(argument: String) {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
        let factor = argument.last.flatMap { units[$0] }
        guard let value = Double(factor == nil ? argument : String(argument.dropLast())), value > 0, value.isFinite
        else { return nil }
        seconds = value * (factor ?? 1)
    }
}

enum TokenLimit: ExpressibleByArgument {
    case all
    case atMost(Int)

    var count: Int? {
        switch self {
        case .all: nil
        case .atMost(let count): count
        }
    }

    init?(argument: String) {
        if argument == "all" {
            self = .all
        } else if let count = Int(argument) {
            self = .atMost(count)
        } else {
            return nil
        }
    }

    var defaultValueDescription: String { count.map(String.init) ?? "all" }
}

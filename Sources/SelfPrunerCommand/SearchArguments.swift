import ArgumentParser
import Foundation
import SelfPruner

/// What a search looks for and how: of `search`, `prune` and `compare`.
struct SearchArguments: ParsableArguments {
    @Option(
        help: """
            default, or paper: the search of arXiv 2502.14413, calibrated once (name WikiText-2 as --fitness-text, of \
            which every candidate is measured on all: a day for a model of 135 million parameters).
            """)
    var mode = SearchMode.default

    @Option(
        help: """
            nested (refit by least squares; the default), or a baseline as published: wanda-sp, magnitude or random (no \
            refit), flap (one threshold, biases for what went), shortgpt or sleb (whole blocks). Only the first four can \
            be searched with.
            """)
    var method: SearchOptions.Method?

    @Option(
        help: """
            Which units are kept first: auto (surgeon up to 6144 columns, flap beyond), surgeon (the refit misses the \
            removed ones least), forward, flap, wanda, magnitude or random; of the methods nested and wanda-sp.
            """)
    var order: SearchOptions.Order?

    @Option(
        help: """
            What attentions are cut by: auto (heads with the method nested, groups with others), groups (key/value heads \
            with all their query heads), or heads (also query heads, equally many of every group that is kept).
            """)
    var attentionUnits: SearchOptions.AttentionUnits?

    @Option(help: "layer (one rate for a block) or sublayer (attention and MLP apart; the default).")
    var granularity: SearchOptions.Granularity?

    @Option(help: "Channels of one step of an MLP; a 32nd of them in multiples of 32 by default.")
    var channelStep: Int?

    @Option(
        help: "What MLPs keep is a multiple of this many channels: 32 (the default), or 256 for K-quants, or 1.")
    var align: Int?

    @Option(help: "Ridge of the least squares, a fraction of the inputs' mean variance.")
    var ridge: Double = Self.defaults.ridge

    @Option(
        help: "How many tokens the first of a calibration window counts for: attention everywhere rests on it.")
    var firstTokenWeight: Double = Self.defaults.firstTokenWeight

    @Option(
        help: """
            Tokens whose gradients say what errors of a sublayer's output cost, for the surgeon's order; 0 for errors \
            that all count alike.
            """)
    var gradientTokens: Int = Self.defaults.gradientTokens

    @Option(help: "What the search minimises: kl (divergence from the dense model; the default) or perplexity.")
    var fitness: SearchOptions.Fitness?

    @Option(help: "Candidates to evaluate. (default: \(Self.defaults.candidates))")
    var candidates: Int?

    @Option(help: "Candidates that the search keeps and breeds from. (default: \(Self.defaults.population))")
    var population: Int?

    @Option(help: "Candidates that are proposed and raced together. (default: \(Self.defaults.generation))")
    var generation: Int?

    @Option(
        help: ArgumentHelp(
            """
            Tokens of each text of the race: all candidates are measured on the first, few on the last. \
            (default: \(Self.defaults.rungTokens.map { "\($0)" }.joined(separator: ",")))
            """, valueName: "tokens,…"))
    var rungs: NumberList<Int>?

    @Option(
        help: ArgumentHelp(
            """
            Share of those on each text that goes on to the next. \
            (default: \(Self.defaults.rungShares.map { "\($0)" }.joined(separator: ",")))
            """, valueName: "share,…"))
    var promote: NumberList<Double>?

    @Flag(
        inversion: .prefixedNo,
        help: "Begin with allocations in closed form: uniform, slopes, error curves, sensitivities.")
    var closedForm: Bool?

    @Flag(help: "Evaluate every candidate by itself, to measure what sharing saves; the results are the same.")
    var alone = false

    @Option(name: .customLong("time"), help: "Limit of the search, such as 90s, 12m or 1.5h.")
    var timeLimit: TimeLimit?

    @Option(help: "Seed of the search; the same seed gives the same result.")
    var seed: UInt64?

    @Option(help: "Memory that the search may take, such as 8GB; half of the machine's by default.")
    var memory: MemoryAmount?

    @Option(help: "Folder with prompts in place of the program's own.")
    var prompts: String?

    @Option(help: "How the model under pruning is asked: auto, continuation or chat.")
    var promptStyle = SearchOptions.PromptStyle.auto

    @OptionGroup(title: "Chat endpoint") var chat: ChatArguments
    @OptionGroup(title: "Texts") var texts: TextArguments

    /// What a run that exists keeps, whatever is said: of options that always have a value, those with another one than
    /// by default.
    var settled: [String] {
        let given: [(String, Bool)] = [
            ("--mode", mode != .default), ("--method", method != nil), ("--order", order != nil),
            ("--attention-units", attentionUnits != nil), ("--granularity", granularity != nil),
            ("--channel-step", channelStep != nil), ("--align", align != nil), ("--fitness", fitness != nil),
            ("--population", population != nil),
            ("--generation", generation != nil), ("--rungs", rungs != nil), ("--promote", promote != nil),
            ("--closed-form", closedForm != nil), ("--seed", seed != nil), ("--prompts", prompts != nil),
            ("--ridge", ridge != Self.defaults.ridge),
            ("--first-token-weight", firstTokenWeight != Self.defaults.firstTokenWeight),
            ("--gradient-tokens", gradientTokens != Self.defaults.gradientTokens), ("--alone", alone),
            ("--prompt-style", promptStyle != .auto),
        ]
        return given.filter(\.1).map(\.0) + texts.given
    }

    fileprivate static let defaults = SearchOptions(model: "", rate: 0.5)

    /// Of `--proposer`, which not every command with these options has.
    static let proposerHelp = """
        Who proposes: adaptive (all at hand; the default), self (the model that is pruned), chat (an endpoint), \
        evolution (classical operators), surrogate (a model fitted to all losses so far), random, uniform (the same \
        rate everywhere, no search; frontier has it in any case), or the paper's ablations \
        self-without-initialization and self-without-variation (evolution in place of the model for the first \
        population, or for all offspring).
        """

    /// Of a run that is new.
    /// - Throws: `ValidationError`.
    func validateNew() throws {
        _ = try chat.options(of: nil)
        if mode == .paper, texts.fitnessText == nil {
            throw ValidationError(
                "The paper measures candidates on WikiText-2: name it with --fitness-text, and add"
                    + " --fitness-joiner wikitext for the raw file.")
        }
    }

    /// What can be named here as it was typed.
    /// - Throws: `SelfPrunerError.badOption`.
    func check() throws {
        if let candidates, candidates < 1 {
            throw SelfPrunerError(.badOption, "--candidates must be at least 1, not \(candidates)")
        }
        if let prompts, !FileManager.default.fileExists(atPath: prompts) {
            throw SelfPrunerError(.badOption, "The folder \(prompts) of --prompts does not exist")
        }
    }

    /// - Throws: `ValidationError`, `SelfPrunerError.badOption`.
    func options(model: String, rate: Double, compute: ComputeArguments) throws -> SearchOptions {
        try check()
        var options = SearchOptions(model: model, rate: rate)
        options.chat = try chat.options(of: nil)
        if mode == .paper { options.applyPaperSettings() }
        if let method { options.method = method }
        if let order { options.order = order }
        if let attentionUnits { options.attentionUnits = attentionUnits }
        if let granularity { options.granularity = granularity }
        options.channelStep = channelStep
        options.alignment = align
        options.ridge = ridge
        options.firstTokenWeight = firstTokenWeight
        options.gradientTokens = gradientTokens
        if let fitness { options.fitness = fitness }
        if let candidates { options.candidates = candidates }
        if let population { options.population = population }
        if let generation { options.generation = generation }
        if let rungs { options.rungTokens = rungs.values }
        if let promote {
            options.rungShares = promote.values
            let needed = max(options.rungTokens.count - 1, 0)
            guard promote.values.count == needed else {
                throw SelfPrunerError(
                    .badOption,
                    "--promote needs a share for each text of --rungs but the last, which makes \(needed), not"
                        + " \(promote.values.count)")
            }
        } else if rungs != nil {
            // As many shares as the rungs need, the last one for all that the default does not have.
            let shares = Self.defaults.rungShares
            options.rungShares = (0..<options.rungTokens.count - 1).map { shares[min($0, shares.count - 1)] }
        }
        if let closedForm { options.usesSeeds = closedForm }
        options.sharesPrefixes = !alone
        options.timeLimit = timeLimit?.seconds
        if let seed { options.seed = seed }
        options.memory = memory?.bytes
        options.prompts = prompts
        options.promptStyle = promptStyle
        texts.apply(to: &options)
        options.compute = compute.options
        return options
    }
}

enum SearchMode: String, ExpressibleByArgument, CaseIterable { case `default`, paper }

/// Who answers the chat proposer.
struct ChatArguments: ParsableArguments {
    @Option(help: "Address of an OpenAI-compatible server, such as http://127.0.0.1:8080.")
    var endpoint: String?

    @Option(help: "Name of the endpoint's model.")
    var chatModel: String?

    @Option(
        help:
            "Environment variable with the endpoint's key, which is never shown or stored. (default: \(Self.defaults.keyVariable))"
    )
    var keyVariable: String?

    @Option(help: "Answer from this record of exchanges (exchanges.jsonl of a run) and ask nobody.")
    var replay: String?

    @Option(help: "Requests under way at the same time. (default: \(Self.defaults.concurrency))")
    var concurrency: Int?

    @Option(help: "Limit of one request, such as 60s. (default: \(Int(Self.defaults.timeout))s)")
    var requestTime: TimeLimit?

    @Option(help: "Price of a million prompt tokens, for the report's cost.")
    var promptPrice: Double?

    @Option(help: "Price of a million completion tokens.")
    var completionPrice: Double?

    private static let defaults = ChatOptions(endpoint: "", model: "")

    /// - Parameter known: of a run that goes on; what is not said is taken from there.
    func options(of known: ChatOptions?) throws -> ChatOptions? {
        if endpoint == nil && replay == nil && known == nil {
            try requireNone(
                of: [
                    ("--chat-model", chatModel != nil), ("--key-variable", keyVariable != nil),
                    ("--concurrency", concurrency != nil), ("--request-time", requestTime != nil),
                    ("--prompt-price", promptPrice != nil), ("--completion-price", completionPrice != nil),
                ], without: "--endpoint")
            return nil
        }
        guard let model = chatModel ?? known?.model ?? (replay == nil ? nil : "recorded") else {
            throw ValidationError("--endpoint needs --chat-model, the name of the model that answers there.")
        }
        var options = known ?? ChatOptions(endpoint: "", model: model)
        options.model = model
        if let endpoint { (options.endpoint, options.replay) = (endpoint, nil) }
        if let keyVariable { options.keyVariable = keyVariable }
        if let replay { options.replay = replay }
        if let concurrency { options.concurrency = concurrency }
        if let requestTime { options.timeout = requestTime.seconds }
        if let promptPrice { options.promptPrice = promptPrice }
        if let completionPrice { options.completionPrice = completionPrice }
        return options
    }
}

/// The three texts, which must not overlap: of `analyze` and of all that search.
struct TextArguments: ParsableArguments {
    @Option(
        name: .customLong("calibration"), parsing: .upToNextOption,
        help: """
            Text files for the calibration. Where a text is not named, it is calibration.txt, fitness.txt or \
            evaluation.txt in the folder SELFPRUNER_DATA, or else in self-pruner/texts in the cache folder.
            """)
    var calibration: [String] = []

    @Option(help: "Text file that candidates, or single cuts, are measured on.")
    var fitnessText: String?

    @Option(help: "How the fitness text is made of its file: none or wikitext.")
    var fitnessJoiner = TextJoiner.none

    @Option(
        help: """
            Text file that prune, compare and frontier measure their results on; search and analyze only see that the \
            others do not overlap with it.
            """)
    var evaluationText: String?

    @Option(help: "How the evaluation text is made of its file: none or wikitext.")
    var evaluationJoiner = TextJoiner.none

    @Option(help: "Calibration tokens, shared evenly by the files.")
    var calibrationTokens: Int = SearchArguments.defaults.calibrationTokens

    @Option(
        help: """
            Of the calibration, what is lists of tokens from the whole vocabulary, each twice, in place of text, so \
            that rare tokens and copying from the context survive (default: a sixth with the method nested, 0 with \
            the others, as published).
            """)
    var vocabularyShare: Double?

    @Option(
        help: """
            Folder that keeps what the calibration measures (0.4 GB for a model of 135 million parameters, 20 GB for \
            7 billion); later runs on the same model and texts read it from there.
            """)
    var calibrationCache: String?

    @Option(help: "Evaluation tokens at most, or all.")
    var evaluationTokens = TokenLimit.atMost(32768)

    @Option(help: "Tokens of one window of calibration and evaluation.")
    var sequenceLength: Int = SearchArguments.defaults.sequenceLength

    /// What was said of the texts; of options that always have a value, those with another one than by default. Where the
    /// calibration is kept is not of the texts.
    var given: [String] {
        let given: [(String, Bool)] = [
            ("--calibration", !calibration.isEmpty), ("--fitness-text", fitnessText != nil),
            ("--fitness-joiner", fitnessJoiner != .none), ("--evaluation-text", evaluationText != nil),
            ("--evaluation-joiner", evaluationJoiner != .none),
            ("--calibration-tokens", calibrationTokens != SearchArguments.defaults.calibrationTokens),
            ("--vocabulary-share", vocabularyShare != nil),
            ("--sequence-length", sequenceLength != SearchArguments.defaults.sequenceLength),
        ]
        return given.filter(\.1).map(\.0)
    }

    func apply(to options: inout SearchOptions) {
        options.calibrationTexts = calibration.isEmpty ? nil : calibration
        options.fitnessText = fitnessText
        options.fitnessJoiner = fitnessJoiner
        options.evaluationText = evaluationText
        options.evaluationJoiner = evaluationJoiner
        options.calibrationTokens = calibrationTokens
        options.vocabularyShare = vocabularyShare
        options.calibrationCache = calibrationCache
        options.evaluationTokens = evaluationTokens.count
        options.sequenceLength = sequenceLength
    }
}

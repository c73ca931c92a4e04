import Checkpoints
import Foundation
import Kernels
import Search

/// What must be equal for a run to be continued: all that decides what a search evaluates and proposes. Paths and limits
/// may change.
struct RunIdentity: Codable, Sendable {
    /// Raised when operators, prompts or evaluation change what a seed means.
    var searchVersion = 5
    var model: Model
    var texts: Texts
    var rate: Double
    var method: SearchOptions.Method
    var order: SearchOptions.Order
    /// `nil` for groups, as in runs from before there were others.
    var attentionUnits: SearchOptions.AttentionUnits?
    var granularity: SearchOptions.Granularity
    var rateBounds: [Double]
    var channelStep: Int?
    var alignment: Int?
    var ridge: Double
    var firstTokenWeight: Double
    var gradientTokens: Int
    var fitness: SearchOptions.Fitness
    var proposer: SearchOptions.ProposerKind
    var usesSeeds: Bool
    var population: Int
    var generation: Int
    var rungTokens: [Int]
    var fitnessWindow: Int?
    var rungShares: [Double]
    var seed: UInt64
    var promptStyle: SearchOptions.PromptStyle
    /// Of all templates.
    var prompts: String
    /// Model and address of the chat endpoint. Its key is not part of a run.
    var chatModel: String?
    var precision: String
    var threads: Int
    /// May change.
    var limits: Limits
    var paths: Paths

    struct Model: Codable, Sendable, Equatable {
        var parameters: Int
        var bytes: Int
        /// Of samples of the files' bytes.
        var fingerprint: String

        init(_ checkpoint: any Checkpoint) {
            parameters = checkpoint.description.parameters
            bytes = checkpoint.storedTensors.values.reduce(0) { $0 + $1.byteCount }
            fingerprint = RunIdentity.fingerprint(of: checkpoint)
        }
    }

    struct Texts: Codable, Sendable {
        var calibration: String
        var fitness: String
    }

    struct Limits: Codable, Sendable {
        var candidates: Int
        var seconds: Double?
    }

    /// What the run is continued with when nothing else is said.
    struct Paths: Codable, Sendable {
        var model: String
        var calibrationTexts: [String]?
        var fitnessText: String?
        var evaluationText: String?
        var calibrationTokens: Int
        /// `nil` for none, as in runs from before there were lists.
        var vocabularyShare: Double?
        var evaluationTokens: Int?
        var evaluationJoiner: TextJoiner
        var fitnessJoiner: TextJoiner
        var sequenceLength: Int
        var calibrationCache: String?
        var prompts: String?
        var chatEndpoint: String?
        var chatKeyVariable: String?
        var chatReplay: String?
        var chatConcurrency: Int?
        var chatTimeout: Double?
        var promptPrice: Double?
        var completionPrice: Double?
        var memory: Int?
    }

    static let mayChange = ["limits", "paths"]
}

extension RunIdentity {
    init(_ options: SearchOptions, _ prepared: PreparedModel) {
        let (checkpoint, texts) = (prepared.checkpoint, prepared.texts)
        model = Model(checkpoint)
        self.texts = Texts(
            calibration: Self.fingerprint(texts.calibration), fitness: Self.fingerprint(Array(texts.fitness.joined())))
        rate = options.rate
        method = options.method
        order = options.order
        attentionUnits = options.attentionUnit == .group ? nil : .heads
        granularity = options.granularity
        rateBounds = options.rateBounds.map { [$0.lowerBound, $0.upperBound] } ?? []
        channelStep = options.channelStep
        alignment = options.alignment
        ridge = options.ridge
        firstTokenWeight = options.firstTokenWeight
        gradientTokens = options.gradientTokens
        fitness = options.fitness
        proposer = options.proposer
        usesSeeds = options.usesSeeds
        population = options.population
        generation = options.generation
        rungTokens = options.rungTokens
        fitnessWindow = options.fitnessWindow
        rungShares = options.rungShares
        seed = options.seed
        promptStyle = options.promptStyle
        prompts = prepared.prompts.fingerprint
        chatModel = options.chat?.model
        precision = prepared.model.precision.rawValue
        threads = Threads.count
        limits = Limits(candidates: options.candidates, seconds: options.timeLimit)
        func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
        paths = Paths(
            model: absolute(options.model), calibrationTexts: options.calibrationTexts?.map(absolute),
            fitnessText: options.fitnessText.map(absolute), evaluationText: options.evaluationText.map(absolute),
            calibrationTokens: options.calibrationTokens, vocabularyShare: options.settledVocabularyShare,
            evaluationTokens: options.evaluationTokens,
            evaluationJoiner: options.evaluationJoiner, fitnessJoiner: options.fitnessJoiner,
            sequenceLength: options.sequenceLength,
            calibrationCache: options.calibrationCache.map(absolute), prompts: options.prompts.map(absolute),
            chatEndpoint: options.chat?.endpoint, chatKeyVariable: options.chat?.keyVariable,
            chatReplay: options.chat?.replay.map(absolute), chatConcurrency: options.chat?.concurrency,
            chatTimeout: options.chat?.timeout, promptPrice: options.chat?.promptPrice,
            completionPrice: options.chat?.completionPrice, memory: options.memory)
    }

    /// Sizes of the files with weights, and 4 KiB at 256 places of each; all of a folder's configuration.
    static func fingerprint(of checkpoint: any Checkpoint) -> String {
        let folder = URL(fileURLWithPath: checkpoint.path)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: checkpoint.path)) ?? []
        let weights = names.sorted().filter { $0.hasSuffix(".safetensors") }
        var hash = StableHash()
        for file in weights.isEmpty ? [folder] : weights.map({ folder.appendingPathComponent($0) }) {
            guard let data = try? Data(contentsOf: file, options: .alwaysMapped) else { continue }
            hash.add(data.count)
            for place in 0..<256 {
                let start = data.count / 256 * place
                hash.add(data[start..<min(start + 4096, data.count)])
            }
        }
        if !weights.isEmpty {
            hash.add((try? Data(contentsOf: folder.appendingPathComponent("config.json"))) ?? Data())
        }
        return hash.hexadecimal
    }

    static func fingerprint(_ windows: [[Int32]]) -> String {
        var hash = StableHash()
        for window in windows {
            hash.add(window.count)
            for token in window { hash.add(Int(token)) }
        }
        return hash.hexadecimal
    }
}

extension SearchOptions {
    /// The options that a run was made with.
    init(_ identity: RunIdentity) {
        self.init(model: identity.paths.model, rate: identity.rate)
        method = identity.method
        order = identity.order
        attentionUnits = identity.attentionUnits ?? .groups
        granularity = identity.granularity
        if identity.rateBounds.count == 2, identity.rateBounds[0] <= identity.rateBounds[1] {
            rateBounds = identity.rateBounds[0]...identity.rateBounds[1]
        }
        channelStep = identity.channelStep
        alignment = identity.alignment
        ridge = identity.ridge
        firstTokenWeight = identity.firstTokenWeight
        gradientTokens = identity.gradientTokens
        fitness = identity.fitness
        proposer = identity.proposer
        usesSeeds = identity.usesSeeds
        candidates = identity.limits.candidates
        timeLimit = identity.limits.seconds
        population = identity.population
        generation = identity.generation
        rungTokens = identity.rungTokens
        fitnessWindow = identity.fitnessWindow
        rungShares = identity.rungShares
        seed = identity.seed
        promptStyle = identity.promptStyle
        let paths = identity.paths
        calibrationTexts = paths.calibrationTexts
        fitnessText = paths.fitnessText
        evaluationText = paths.evaluationText
        calibrationTokens = paths.calibrationTokens
        vocabularyShare = paths.vocabularyShare ?? 0
        evaluationTokens = paths.evaluationTokens
        evaluationJoiner = paths.evaluationJoiner
        fitnessJoiner = paths.fitnessJoiner
        sequenceLength = paths.sequenceLength
        calibrationCache = paths.calibrationCache
        prompts = paths.prompts
        memory = paths.memory
        if let endpoint = paths.chatEndpoint, let model = identity.chatModel {
            var options = ChatOptions(endpoint: endpoint, model: model)
            options.keyVariable = paths.chatKeyVariable ?? options.keyVariable
            options.replay = paths.chatReplay
            options.concurrency = paths.chatConcurrency ?? options.concurrency
            options.timeout = paths.chatTimeout ?? options.timeout
            options.promptPrice = paths.promptPrice
            options.completionPrice = paths.completionPrice
            chat = options
        }
        compute.precision = ComputeOptions.Precision(rawValue: identity.precision) ?? .auto
        compute.threads = identity.threads
    }
}

import Checkpoints
import Foundation
import Kernels
import Search

/// What must be equal for a run to be continued: all that decides what a search evaluates and proposes. Paths and limits
/// may change.
struct RunIdentity: Codable, Sendable {
    var program = "selfpruner"
    var model: Model
    var texts: Texts
    var rate: Double
    var method: SearchOptions.Method
    var granularity: SearchOptions.Granularity
    var rateBounds: [Double]
    var channelStep: Int?
    var ridge: Double
    var fitness: SearchOptions.Fitness
    var proposer: SearchOptions.ProposerKind
    var usesSeeds: Bool
    var population: Int
    var generation: Int
    var rungTokens: [Int]
    var rungShares: [Double]
    var seed: UInt64
    var promptStyle: SearchOptions.PromptStyle
    /// Model and address of the chat endpoint. Its key is not part of a run.
    var chatModel: String?
    var precision: String
    var threads: Int
    /// May change.
    var limits: Limits
    var paths: Paths

    struct Model: Codable, Sendable {
        var parameters: Int
        var bytes: Int
        /// Of the stored tensors' places and of samples of their values.
        var fingerprint: String
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
        var evaluationTokens: Int?
        var evaluationJoiner: TextJoiner
        var fitnessJoiner: TextJoiner
        var sequenceLength: Int
        var prompts: String?
        var chatEndpoint: String?
        var memory: Int?
    }

    static let mayChange = ["limits", "paths"]
}

extension RunIdentity {
    init(_ options: SearchOptions, _ checkpoint: any Checkpoint, _ texts: PruneTexts, _ precision: Precision) throws {
        model = Model(
            parameters: checkpoint.description.parameters,
            bytes: checkpoint.storedTensors.values.reduce(0) { $0 + $1.byteCount },
            fingerprint: try Self.fingerprint(checkpoint))
        self.texts = Texts(
            calibration: Self.fingerprint(texts.calibration), fitness: Self.fingerprint(Array(texts.fitness.joined())))
        rate = options.rate
        method = options.method
        granularity = options.granularity
        rateBounds = options.rateBounds.map { [$0.lowerBound, $0.upperBound] } ?? []
        channelStep = options.channelStep
        ridge = options.ridge
        fitness = options.fitness
        proposer = options.proposer
        usesSeeds = options.usesSeeds
        population = options.population
        generation = options.generation
        rungTokens = options.rungTokens
        rungShares = options.rungShares
        seed = options.seed
        promptStyle = options.promptStyle
        chatModel = options.chat?.model
        self.precision = precision.rawValue
        threads = Threads.count
        limits = Limits(candidates: options.candidates, seconds: options.timeLimit)
        func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
        paths = Paths(
            model: absolute(options.model), calibrationTexts: options.calibrationTexts?.map(absolute),
            fitnessText: options.fitnessText.map(absolute), evaluationText: options.evaluationText.map(absolute),
            calibrationTokens: options.calibrationTokens, evaluationTokens: options.evaluationTokens,
            evaluationJoiner: options.evaluationJoiner, fitnessJoiner: options.fitnessJoiner,
            sequenceLength: options.sequenceLength, prompts: options.prompts.map(absolute),
            chatEndpoint: options.chat?.endpoint, memory: options.memory)
    }

    /// The norms, which every training step changes, and where all tensors lie.
    private static func fingerprint(_ checkpoint: any Checkpoint) throws -> String {
        var hash = StableHash()
        for (weight, tensor) in checkpoint.storedTensors.sorted(by: { $0.value.name < $1.value.name }) {
            hash.add(tensor.name.utf8)
            hash.add(tensor.byteCount)
            if weight.role == .mlpNorm || weight.role == .finalNorm {
                for value in try checkpoint.values(weight.role, weight.block) ?? [] { hash.add(Int(value.bitPattern)) }
            }
        }
        return hash.hexadecimal
    }

    private static func fingerprint(_ windows: [[Int32]]) -> String {
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
        granularity = identity.granularity
        if identity.rateBounds.count == 2, identity.rateBounds[0] <= identity.rateBounds[1] {
            rateBounds = identity.rateBounds[0]...identity.rateBounds[1]
        }
        channelStep = identity.channelStep
        ridge = identity.ridge
        fitness = identity.fitness
        proposer = identity.proposer
        usesSeeds = identity.usesSeeds
        candidates = identity.limits.candidates
        timeLimit = identity.limits.seconds
        population = identity.population
        generation = identity.generation
        rungTokens = identity.rungTokens
        rungShares = identity.rungShares
        seed = identity.seed
        promptStyle = identity.promptStyle
        let paths = identity.paths
        calibrationTexts = paths.calibrationTexts
        fitnessText = paths.fitnessText
        evaluationText = paths.evaluationText
        calibrationTokens = paths.calibrationTokens
        evaluationTokens = paths.evaluationTokens
        evaluationJoiner = paths.evaluationJoiner
        fitnessJoiner = paths.fitnessJoiner
        sequenceLength = paths.sequenceLength
        prompts = paths.prompts
        memory = paths.memory
        if let endpoint = paths.chatEndpoint, let model = identity.chatModel {
            chat = ChatOptions(endpoint: endpoint, model: model)
        }
        compute.precision = ComputeOptions.Precision(rawValue: identity.precision) ?? .auto
        compute.threads = identity.threads
    }
}

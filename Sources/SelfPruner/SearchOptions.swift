/// What to search for and how: shared by `search`, `prune` and `compare`.
public struct SearchOptions: Sendable {
    /// How units are chosen and what becomes of the output projections. All but `nested` are baselines, each as
    /// published.
    public enum Method: String, Sendable, Codable, CaseIterable {
        /// Units in the order of `order`, output projections refit by nested least squares, with a bias.
        case nested
        /// Wanda-sp (arXiv 2306.11695, in the structured form of arXiv 2312.11983): no refit, no bias.
        case wandaSP = "wanda-sp"
        /// The units whose output weights are largest, no refit, no bias; sees no data.
        case magnitude
        /// Units drawn by the seed, no refit, no bias.
        case random
        /// FLAP (arXiv 2312.11983): fluctuation of the inputs, one threshold over all sublayers, a bias for the mean of
        /// what was removed.
        case flap
        /// ShortGPT (arXiv 2403.03853): whole blocks, those first that turn the residual stream least.
        case shortgpt
        /// SLEB (arXiv 2402.09025): whole blocks, each time the one without which perplexity is best.
        case sleb
    }

    public enum Fitness: String, Sendable, Codable, CaseIterable {
        /// Mean KL(dense ‖ pruned) per token.
        case kl
        /// Perplexity on the fitness text, as in the paper.
        case perplexity
    }

    public enum Granularity: String, Sendable, Codable, CaseIterable {
        /// One rate for a block, as in the paper.
        case layer
        /// Attention and MLP apart.
        case sublayer
    }

    /// Who makes the candidates.
    public enum ProposerKind: String, Sendable, Codable, CaseIterable {
        /// All that are at hand, credited by what they improve.
        case adaptive
        /// The model under pruning.
        case `self`
        /// A model behind a chat endpoint.
        case chat
        /// Classical operators.
        case evolution
        /// An additive model of the losses, fitted to what was evaluated.
        case surrogate
        /// Independent random candidates.
        case random
        /// The same rate everywhere; nothing is searched.
        case uniform
        /// Ablations of the paper: evolution in place of the model for the first population, or for all offspring.
        case selfWithoutInitialization = "self-without-initialization"
        case selfWithoutVariation = "self-without-variation"
    }

    /// Which units of a sublayer are kept first.
    public enum Order: String, Sendable, Codable, CaseIterable {
        /// `surgeon` where a sublayer is not too wide for it, else `flap`; the method's own for all but `nested`.
        case auto
        /// Greedy elimination: the unit that the refitted output misses least goes first.
        case surgeon
        /// Greedy selection: the unit that explains most of the output comes first.
        case forward
        /// FLAP's fluctuation score.
        case flap
        /// Wanda-sp's score.
        case wanda
        case magnitude, random
    }

    /// What attentions are cut by. All heads of a model with one query head a group are groups.
    public enum AttentionUnits: String, Sendable, Codable, CaseIterable {
        /// `heads` with the method `nested`; `groups` with the others, as published.
        case auto
        /// Key/value groups with all of their query heads.
        case groups
        /// Groups, and of every group that is kept equally many query heads.
        case heads
    }

    /// How the model under pruning is asked.
    public enum PromptStyle: String, Sendable, Codable, CaseIterable {
        /// `chat` for models with a chat template and at least a billion parameters, else `continuation`.
        case auto
        case continuation, chat
    }

    public var model: String
    /// Fraction of the decoder blocks' parameters to remove.
    public var rate: Double
    public var method = Method.nested
    public var order = Order.auto
    public var attentionUnits = AttentionUnits.auto
    public var granularity = Granularity.sublayer
    /// Bounds of what a sublayer, or a block, may lose of itself; `nil` for none.
    public var rateBounds: ClosedRange<Double>?
    /// Channels of one step of an MLP; `nil` for a 32nd of its channels in multiples of `alignment`, and for `flap`,
    /// without an alignment, single channels, as its threshold has it.
    public var channelStep: Int?
    /// What MLPs keep is a multiple of this many channels: quantised types have blocks of 32 values, K-quants of 256.
    public var alignment: Int?
    /// λ of the least squares, a fraction of the inputs' mean variance.
    public var ridge = 1e-3
    /// How many tokens the first of a calibration window counts for in the least squares.
    public var firstTokenWeight = 1000.0
    /// Tokens of the calibration text whose gradients say what errors of a sublayer's output cost, for the orders that
    /// count in it; 0 for errors that all count alike.
    public var gradientTokens = 16384
    public var fitness = Fitness.kl
    public var proposer = ProposerKind.adaptive
    /// Begins with allocations in closed form: uniform, slopes, error curves, sensitivities. Without them the proposer
    /// makes the whole first population.
    public var usesSeeds = true
    /// Candidates of the search.
    public var candidates = 200
    public var population = 30
    /// Offspring that are proposed and raced together.
    public var generation = 20
    /// Tokens of the text of each rung of the race, disjoint parts of the fitness text; none for one rung with all of it.
    public var rungTokens = [512, 4096, 16384]
    /// Tokens of a window of the fitness text; `nil` for 512, which gives many of them on the first rung.
    public var fitnessWindow: Int?
    /// Share of those on a rung that goes on to the next.
    public var rungShares = [0.14, 0.33]
    /// Candidates share what they begin with. Without it each is evaluated by itself, with the same result: to measure
    /// what sharing saves.
    public var sharesPrefixes = true
    /// Seconds that the search may take.
    public var timeLimit: Double?
    public var seed: UInt64 = 0
    /// Texts; `nil` for the default ones that set-up prepares.
    public var calibrationTexts: [String]?
    public var fitnessText: String?
    public var evaluationText: String?
    public var evaluationJoiner = TextJoiner.none
    public var fitnessJoiner = TextJoiner.none
    public var calibrationTokens = 131072
    /// Of the calibration, what is lists of tokens from the whole vocabulary, each twice, in place of text; `nil` for a
    /// sixth with the method `nested`, and none with the others, as published.
    public var vocabularyShare: Double?
    public var evaluationTokens: Int? = 32768
    public var sequenceLength = 2048
    /// Folder that keeps what the calibration measures, so that other runs on the same model and texts need not measure
    /// it again; `nil` for none. A model of 135 million parameters takes 0.4 GB in it.
    public var calibrationCache: String?
    /// Folder with prompts in place of the program's own.
    public var prompts: String?
    public var promptStyle = PromptStyle.auto
    public var chat: ChatOptions?
    /// Bytes that the search may take; `nil` for half of the machine's.
    public var memory: Int?
    public var compute = ComputeOptions()

    public init(model: String, rate: Double) {
        self.model = model
        self.rate = rate
    }
}

/// A chat endpoint that speaks OpenAI's protocol.
public struct ChatOptions: Sendable {
    /// `http://host:port`, a base such as `https://host/v1`, or all of `…/chat/completions`.
    public var endpoint: String
    public var model: String
    /// The environment variable that has the key. The key is never stored or shown.
    public var keyVariable = "SELFPRUNER_CHAT_KEY"
    /// A record of exchanges that answers in place of the endpoint.
    public var replay: String?
    /// Requests under way at the same time.
    public var concurrency = 4
    /// Seconds for one request.
    public var timeout = 120.0
    /// Prices of a million tokens, for the report.
    public var promptPrice: Double?
    public var completionPrice: Double?

    public init(endpoint: String, model: String) {
        self.endpoint = endpoint
        self.model = model
    }
}

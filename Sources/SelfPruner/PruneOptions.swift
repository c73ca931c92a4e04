/// What to prune and how. Settings of the search are those of `search`, and can be reached through the options
/// themselves.
@dynamicMemberLookup
public struct PruneOptions: Sendable {
    public enum Allocation: String, Sendable, Codable, CaseIterable {
        /// The same rate everywhere.
        case uniform
        /// OWL (arXiv 2310.05175): blocks with more outliers among their weights' Wanda scores keep more.
        case owl
        /// One threshold over the units of all sublayers: the method `flap`.
        case global
        /// Whole blocks: the methods `shortgpt` and `sleb`.
        case blocks
        /// Rates found by a search.
        case search
    }

    /// What the projections are fitted to, block by block, once the allocation is found.
    public enum Refit: String, Sendable, Codable, CaseIterable {
        /// What does best on the last rung's text of all others.
        case auto
        /// Nothing more: the closed forms that the search used.
        case none
        /// What the dense model's sublayers add to its residual stream.
        case output
        /// What is missing to the dense model's residual stream behind each sublayer.
        case residual
    }

    /// How much to cut, where it is not said as a rate.
    public enum Amount: Sendable, Equatable {
        /// The files with weights have at most so many bytes: `model.gguf`, tokenizer included, or all safetensors
        /// files.
        case size(bytes: Int)
        /// The model has at most so many parameters, embeddings included.
        case parameters(Int)
        /// The largest rate at which the perplexity on the last text of the race rises by no more than this fraction.
        case perplexityIncrease(Double)
    }

    public var search: SearchOptions
    /// `nil`: the rate of `search`; else that rate is not used.
    public var amount: Amount?
    /// Folder of the smaller model.
    public var output: String
    /// Folder of the search's journal, which is kept there; for a perplexity, folder of several runs. `nil`: until the output is whole, the output's name with
    /// `.run` behind it; then `search` in the output.
    public var run: String?
    /// `nil`: the method's own, which is a search for `nested` and uniform for `wanda-sp`, `magnitude` and `random`.
    public var allocation: Allocation?
    /// Of the method `nested` only.
    public var refit = Refit.none
    public var form = OutputForm()
    /// Tasks to measure before and after, for the report. Samples of questions are not written.
    public var tasks: TaskSelection?
    /// Prompts to continue before and after, side by side in the report; its model and compute options are not used.
    public var continuations: GeneratePromptsOptions?
    /// Measures the speed of both models in turns when the smaller one is written; its models and compute options are not
    /// used.
    public var bench: BenchOptions?
    /// Replaces an existing output.
    public var overwrite = false

    public init(model: String, rate: Double, output: String) {
        search = SearchOptions(model: model, rate: rate)
        self.output = output
    }

    /// - Throws: `SelfPrunerError.badOption`.
    func checkMeasures() throws(SelfPrunerError) {
        if tasks?.samplesFile != nil {
            throw SelfPrunerError(.badOption, "Samples of questions are of one model, and cannot be written by prune")
        }
        try bench?.check()
    }

    public init(_ search: SearchOptions, output: String) {
        self.search = search
        self.output = output
    }

    public subscript<Value>(dynamicMember keyPath: WritableKeyPath<SearchOptions, Value>) -> Value {
        get { search[keyPath: keyPath] }
        set { search[keyPath: keyPath] = newValue }
    }
}

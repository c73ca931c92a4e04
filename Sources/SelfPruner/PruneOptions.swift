/// What to prune and how. Settings of the search are those of `search`, and can be reached through the options
/// themselves.
@dynamicMemberLookup
public struct PruneOptions: Sendable {
    public enum Allocation: String, Sendable, Codable, CaseIterable {
        /// The same rate everywhere.
        case uniform
        /// Rates found by a search.
        case search
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
    /// `nil`: search for `nested`, uniform for `wanda-sp`.
    public var allocation: Allocation?
    public var form = OutputForm()
    /// Replaces an existing output.
    public var overwrite = false

    public init(model: String, rate: Double, output: String) {
        search = SearchOptions(model: model, rate: rate)
        self.output = output
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

/// Which models to compare, and by what.
public struct CompareModelsOptions: Sendable {
    /// The first one is dense: the others are compared with it.
    public var models: [String]
    /// Measures perplexity and divergence on a text; its model and compute options are not used.
    public var text: EvaluateOptions?
    /// Measures tasks.
    public var tasks: TaskSelection?
    /// Continues prompts; its model and compute options are not used.
    public var prompts: GeneratePromptsOptions?
    /// Measures speed; its models and compute options are not used.
    public var bench: BenchOptions?
    public var compute = ComputeOptions()

    public init(models: [String]) { self.models = models }

    /// - Throws: `SelfPrunerError.badOption`.
    func check() throws(SelfPrunerError) {
        guard models.count > 1 else {
            throw SelfPrunerError(.badOption, "Name the dense model and at least one to compare with it")
        }
        if let double = models.first(where: { name in models.count(where: { $0 == name }) > 1 }) {
            throw SelfPrunerError(.badOption, "The model \(double) is named twice")
        }
        if tasks?.samplesFile != nil {
            throw SelfPrunerError(
                .badOption, "Samples are of one model, and cannot be written where models are compared")
        }
        try bench?.check()
    }
}

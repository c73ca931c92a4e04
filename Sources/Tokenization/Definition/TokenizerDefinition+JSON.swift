extension TokenizerDefinition {
    /// Reads `tokenizer.json`.
    /// - Throws: `TokenizerError`: not JSON, not a tokenizer, or with a component this program does not have.
    init(json bytes: [UInt8], file: String) throws(TokenizerError) {
        let json = try TokenizerJSONReader.read(bytes, file: file)
        try self.init(reader: DefinitionReader(file: file), json: json)
    }

    private init(reader: DefinitionReader, json: TokenizerJSON) throws(TokenizerError) {
        guard json.object != nil else { throw reader.failure("this is not a JSON object") }
        guard let model = json.present("model") else { throw reader.failure("'model' is missing") }
        self.init(model: try reader.model(model))
        if let value = json.present("normalizer") { normalizer = try reader.normalizer(value) }
        if let value = json.present("pre_tokenizer") { preTokenizer = try reader.preTokenizer(value) }
        if let value = json.present("post_processor") { template = try reader.postProcessor(value, [.text]) }
        if let value = json.present("decoder") { decoder = try reader.decoder(value) }
        if let value = json.present("added_tokens") { try reader.addedTokens(value, to: &self) }
    }
}

/// What the readers of the components share: how they fail and how they read members.
struct DefinitionReader {
    let file: String

    func failure(_ message: String) -> TokenizerError { TokenizerError(.badDefinition, message, file: file) }

    func unsupported(_ message: String) -> TokenizerError { TokenizerError(.unsupported, message, file: file) }

    func flag(_ json: TokenizerJSON, _ key: String, default value: Bool) throws(TokenizerError) -> Bool {
        guard let member = json.present(key) else { return value }
        guard let bool = member.bool else { throw failure("'\(key)' is neither true nor false") }
        return bool
    }

    func bytes(_ json: TokenizerJSON, _ key: String) throws(TokenizerError) -> [UInt8] {
        guard let bytes = json[key]?.bytes else { throw failure("'\(key)' is not a string") }
        return bytes
    }

    func list(_ json: TokenizerJSON, _ key: String) throws(TokenizerError) -> [TokenizerJSON] {
        guard let list = json[key]?.array else { throw failure("'\(key)' is not a list") }
        return list
    }

    /// The string of a `{"String": …}` pattern.
    func literalPattern(_ json: TokenizerJSON) throws(TokenizerError) -> [UInt8] {
        guard let pattern = json["pattern"] else { throw failure("'pattern' is missing") }
        if let regex = pattern["Regex"]?.text { throw unsupported("the pattern '\(regex)' is not a known one") }
        let literal = try bytes(pattern, "String")
        if literal.isEmpty { throw failure("a pattern is empty") }
        return literal
    }

    func kind(_ json: TokenizerJSON, of component: String) throws(TokenizerError) -> String {
        guard let kind = json["type"]?.text else { throw failure("the \(component) has no 'type'") }
        return kind
    }

    /// Each step runs within the one before it; real tokenizers have four at most.
    private static let maximumSteps = 64

    /// The steps of a component, `Sequence`s flattened.
    func steps(
        _ json: TokenizerJSON, of component: String, members: String
    ) throws(TokenizerError) -> [(kind: String, json: TokenizerJSON)] {
        let kind = try kind(json, of: component)
        guard kind == "Sequence" else { return [(kind, json)] }
        var result: [(kind: String, json: TokenizerJSON)] = []
        for step in try list(json, members) {
            result += try steps(step, of: component, members: members)
            guard result.count <= Self.maximumSteps else {
                throw failure("the \(component) has more than \(Self.maximumSteps) steps")
            }
        }
        return result
    }
}

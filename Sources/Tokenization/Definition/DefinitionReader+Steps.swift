extension DefinitionReader {
    /// By what replacements may lengthen a text, all together.
    private static let maximumGrowth = 1024

    func normalizer(_ json: TokenizerJSON) throws(TokenizerError) -> [TokenizerDefinition.NormalizerStep] {
        var result: [TokenizerDefinition.NormalizerStep] = []
        var growth = 1
        for (kind, step) in try steps(json, of: "normalizer", members: "normalizers") {
            switch kind {
            case "NFC": result.append(.nfc)
            case "NFD": result.append(.nfd)
            case "Prepend": result.append(.prepend(try bytes(step, "prepend")))
            case "Replace":
                let (pattern, content) = (try literalPattern(step), try bytes(step, "content"))
                growth *= max(1, (content.count + pattern.count - 1) / pattern.count)
                guard growth <= Self.maximumGrowth else {
                    throw failure("its replacements make a text more than \(Self.maximumGrowth) times as long")
                }
                result.append(.replace(pattern, with: content))
            default: throw unsupported("the normalizer '\(kind)' is not one of those known here")
            }
        }
        return result
    }

    func preTokenizer(_ json: TokenizerJSON) throws(TokenizerError) -> [TokenizerDefinition.PreTokenizerStep] {
        var result: [TokenizerDefinition.PreTokenizerStep] = []
        for (kind, step) in try steps(json, of: "pre-tokenizer", members: "pretokenizers") {
            if case .byteLevel = result.last {
                throw unsupported("a pre-tokenizer follows ByteLevel, which must be the last")
            }
            switch kind {
            case "ByteLevel":
                result.append(
                    .byteLevel(
                        addsPrefixSpace: try flag(step, "add_prefix_space", default: false),
                        splitsWords: try flag(step, "use_regex", default: true)))
            case "Digits": result.append(.digits(individual: try flag(step, "individual_digits", default: false)))
            case "Split": result.append(try split(step))
            case "Metaspace":
                let (replacement, scheme) = try metaspace(step)
                result.append(.metaspace(replacement, scheme, splits: try flag(step, "split", default: true)))
            default: throw unsupported("the pre-tokenizer '\(kind)' is not one of those known here")
            }
        }
        return result
    }

    private func split(_ json: TokenizerJSON) throws(TokenizerError) -> TokenizerDefinition.PreTokenizerStep {
        guard let name = json["behavior"]?.text, let behavior = TokenizerDefinition.SplitBehavior(rawValue: name) else {
            throw failure("'behavior' is not one of the five ways to split")
        }
        let inverted = try flag(json, "invert", default: false)
        guard let regex = json["pattern"]?["Regex"]?.bytes else {
            return .literal(try literalPattern(json), behavior, inverted: inverted)
        }
        guard let pattern = WordPattern.allCases.first(where: { $0.rawValue.utf8.elementsEqual(regex) }) else {
            throw unsupported("the pattern '\(String(decoding: regex, as: UTF8.self))' is not a known one")
        }
        // The known patterns match everywhere: keeping the matches and dropping what is between them is the same.
        guard behavior == .isolated || (behavior == .removed && inverted) else {
            throw unsupported("the split behaviour '\(name)' with a regular expression is not supported")
        }
        return .pattern(pattern)
    }

    /// The replacement and the prepend scheme; older files say `add_prefix_space` instead of the latter.
    private func metaspace(
        _ json: TokenizerJSON
    ) throws(TokenizerError) -> ([UInt8], TokenizerDefinition.PrependScheme) {
        let replacement = try bytes(json, "replacement")
        guard String(decoding: replacement, as: UTF8.self).unicodeScalars.count == 1 else {
            throw failure("the Metaspace 'replacement' is not one character")
        }
        var scheme = TokenizerDefinition.PrependScheme.always
        if let name = json.present("prepend_scheme") {
            guard let known = name.text.flatMap(TokenizerDefinition.PrependScheme.init) else {
                throw failure("'prepend_scheme' is none of always, first, never")
            }
            scheme = known
        }
        if try !flag(json, "add_prefix_space", default: true) { scheme = .never }
        return (replacement, scheme)
    }

    /// The pieces around a single text, starting from those of the post-processors before this one.
    func postProcessor(
        _ json: TokenizerJSON, _ before: [TokenizerDefinition.TemplatePiece]
    ) throws(TokenizerError) -> [TokenizerDefinition.TemplatePiece] {
        var pieces = before
        for (kind, step) in try steps(json, of: "post-processor", members: "processors") {
            var around: [TokenizerDefinition.TemplatePiece]
            switch kind {
            case "ByteLevel": continue
            case "TemplateProcessing": around = try template(step)
            case "BertProcessing", "RobertaProcessing":
                around = [.tokens([try pairID(step, "cls")]), .text, .tokens([try pairID(step, "sep")])]
            default: throw unsupported("the post-processor '\(kind)' is not one of those known here")
            }
            guard let place = around.firstIndex(of: .text), !around[(place + 1)...].contains(.text) else {
                throw unsupported("the post-processor's template does not hold the text exactly once")
            }
            around.replaceSubrange(place...place, with: pieces)
            pieces = around
        }
        return pieces
    }

    private func template(_ json: TokenizerJSON) throws(TokenizerError) -> [TokenizerDefinition.TemplatePiece] {
        var pieces: [TokenizerDefinition.TemplatePiece] = []
        for piece in try list(json, "single") {
            if piece["Sequence"] != nil {
                pieces.append(.text)
                continue
            }
            guard let name = piece["SpecialToken"]?["id"]?.text else {
                throw failure("a piece of the post-processor's template is neither a text nor a special token")
            }
            guard let list = json["special_tokens"]?[name]?["ids"]?.array else {
                throw failure("the post-processor's special token '\(name)' has no ids")
            }
            var ids: [Int32] = []
            for entry in list {
                guard let id = entry.id else { throw failure("an id of the special token '\(name)' is not an id") }
                ids.append(id)
            }
            pieces.append(.tokens(ids))
        }
        return pieces
    }

    private func pairID(_ json: TokenizerJSON, _ key: String) throws(TokenizerError) -> Int32 {
        guard let pair = json[key]?.array, pair.count == 2, let id = pair[1].id else {
            throw failure("the post-processor's '\(key)' is not a token with its id")
        }
        return id
    }

    func decoder(_ json: TokenizerJSON) throws(TokenizerError) -> [TokenizerDefinition.DecoderStep] {
        var result: [TokenizerDefinition.DecoderStep] = []
        for (kind, step) in try steps(json, of: "decoder", members: "decoders") {
            switch kind {
            case "ByteLevel": result.append(.byteLevel)
            case "ByteFallback": result.append(.byteFallback)
            case "Fuse": result.append(.fuse)
            case "Replace": result.append(.replace(try literalPattern(step), with: try bytes(step, "content")))
            case "Strip":
                guard let start = step["start"]?.id, let stop = step["stop"]?.id else {
                    throw failure("the decoder's Strip lacks 'start' or 'stop'")
                }
                let content = try bytes(step, "content")
                guard String(decoding: content, as: UTF8.self).unicodeScalars.count == 1 else {
                    throw failure("the decoder's Strip 'content' is not one character")
                }
                result.append(.strip(content, start: Int(start), stop: Int(stop)))
            case "Metaspace":
                let (replacement, scheme) = try metaspace(step)
                result.append(.metaspace(replacement, scheme))
            default: throw unsupported("the decoder '\(kind)' is not one of those known here")
            }
        }
        return result
    }
}

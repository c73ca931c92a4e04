extension TokenizerDefinition {
    /// The definition as the content of `tokenizer.json`.
    func json() -> TokenizerJSON {
        .object([
            "version": .string("1.0"), "truncation": .null, "padding": .null,
            "added_tokens": .array(addedTokens.map { $0.json() }),
            "normalizer": Self.sequence(normalizer.map { $0.json() }, "normalizers"),
            "pre_tokenizer": Self.sequence(preTokenizer.map { $0.json() }, "pretokenizers"),
            "post_processor": template == [.text] ? .null : templateJSON(),
            "decoder": decoder.map { Self.sequence($0.map { $0.json() }, "decoders") } ?? .null,
            "model": model.json(),
        ])
    }

    private static func sequence(_ steps: [TokenizerJSON], _ members: String) -> TokenizerJSON {
        switch steps.count {
        case 0: .null
        case 1: steps[0]
        default: .object([.init("type", .string("Sequence")), .init(members, .array(steps))])
        }
    }

    private func templateJSON() -> TokenizerJSON {
        let spellings = Dictionary(addedTokens.map { ($0.id, $0.content) }) { first, _ in first }
        var special: [TokenizerJSON.Member] = []
        func pieces(_ name: String, type: Double) -> [TokenizerJSON] {
            var result: [TokenizerJSON] = []
            for piece in template {
                switch piece {
                case .text:
                    result.append(.object(["Sequence": .object(["id": .string(name), "type_id": .number(type)])]))
                case .tokens(let ids):
                    for id in ids {
                        let content = spellings[id] ?? Array("\(id)".utf8)
                        result.append(
                            .object(["SpecialToken": .object(["id": .string(content), "type_id": .number(type)])]))
                        guard !special.contains(where: { $0.key == content }) else { continue }
                        let description = TokenizerJSON.object([
                            "id": .string(content), "ids": .array([.number(Double(id))]),
                            "tokens": .array([.string(content)]),
                        ])
                        special.append(.init(key: content, value: description))
                    }
                }
            }
            return result
        }
        let single = pieces("A", type: 0)
        return .object([
            "type": .string("TemplateProcessing"), "single": .array(single),
            "pair": .array(single + pieces("B", type: 1)), "special_tokens": .object(special),
        ])
    }
}

extension TokenizerJSON.Member {
    init(_ key: String, _ value: TokenizerJSON) { self.init(key: Array(key.utf8), value: value) }
}

extension AddedToken {
    func json() -> TokenizerJSON {
        .object([
            "id": .number(Double(id)), "content": .string(content), "single_word": .bool(isSingleWord),
            "lstrip": .bool(stripsLeft), "rstrip": .bool(stripsRight), "normalized": .bool(isNormalized),
            "special": .bool(isSpecial),
        ])
    }
}

extension TokenizerDefinition.Model {
    func json() -> TokenizerJSON {
        switch self {
        case .unigram(let model):
            return .object([
                "type": .string("Unigram"), "unk_id": model.unknownID.map { .number(Double($0)) } ?? .null,
                "vocab": .array(model.vocabulary.map { .array([.string($0.token), .number($0.score)]) }),
                "byte_fallback": .bool(model.fallsBackToBytes),
            ])
        case .bytePair(let model):
            // `a b` where that can be taken apart again, as every version of the library reads it.
            let hasSpaces = model.merges.contains { $0.left.contains(0x20) || $0.right.contains(0x20) }
            let merges = model.merges.map { left, right -> TokenizerJSON in
                hasSpaces ? .array([.string(left), .string(right)]) : .string(left + [0x20] + right)
            }
            return .object([
                "type": .string("BPE"), "dropout": .null,
                "unk_token": model.unknownToken.map { .string($0) } ?? .null, "continuing_subword_prefix": .null,
                "end_of_word_suffix": .null, "fuse_unk": .bool(model.fusesUnknown),
                "byte_fallback": .bool(model.fallsBackToBytes), "ignore_merges": .bool(model.ignoresMerges),
                "vocab": .object(model.vocabulary.map { .init(key: $0.token, value: .number(Double($0.id))) }),
                "merges": .array(merges),
            ])
        }
    }
}

extension TokenizerDefinition.NormalizerStep {
    func json() -> TokenizerJSON {
        switch self {
        case .nfc: .object(["type": .string("NFC")])
        case .nfd: .object(["type": .string("NFD")])
        case .prepend(let prefix): .object(["type": .string("Prepend"), "prepend": .string(prefix)])
        case .replace(let pattern, let content): replacementJSON(pattern, content)
        }
    }
}

private func replacementJSON(_ pattern: [UInt8], _ content: [UInt8]) -> TokenizerJSON {
    .object([
        "type": .string("Replace"), "pattern": .object(["String": .string(pattern)]), "content": .string(content),
    ])
}

private func metaspaceJSON(
    _ replacement: [UInt8], _ scheme: TokenizerDefinition.PrependScheme, splits: Bool
) -> TokenizerJSON {
    .object([
        "type": .string("Metaspace"), "replacement": .string(replacement), "prepend_scheme": .string(scheme.rawValue),
        "split": .bool(splits),
    ])
}

private func byteLevelJSON(addsPrefixSpace: Bool, splitsWords: Bool) -> TokenizerJSON {
    .object([
        "type": .string("ByteLevel"), "add_prefix_space": .bool(addsPrefixSpace), "trim_offsets": .bool(true),
        "use_regex": .bool(splitsWords),
    ])
}

private func splitJSON(_ pattern: TokenizerJSON, behavior: String, inverted: Bool) -> TokenizerJSON {
    .object([
        "type": .string("Split"), "pattern": pattern, "behavior": .string(behavior), "invert": .bool(inverted),
    ])
}

extension TokenizerDefinition.PreTokenizerStep {
    func json() -> TokenizerJSON {
        switch self {
        case .pattern(let pattern):
            splitJSON(.object(["Regex": .string(pattern.rawValue)]), behavior: "Isolated", inverted: false)
        case .literal(let pattern, let behavior, let inverted):
            splitJSON(.object(["String": .string(pattern)]), behavior: behavior.rawValue, inverted: inverted)
        case .digits(let individual):
            .object(["type": .string("Digits"), "individual_digits": .bool(individual)])
        case .byteLevel(let addsPrefixSpace, let splitsWords):
            byteLevelJSON(addsPrefixSpace: addsPrefixSpace, splitsWords: splitsWords)
        case .metaspace(let replacement, let scheme, let splits): metaspaceJSON(replacement, scheme, splits: splits)
        }
    }
}

extension TokenizerDefinition.DecoderStep {
    func json() -> TokenizerJSON {
        switch self {
        case .byteLevel: byteLevelJSON(addsPrefixSpace: false, splitsWords: true)
        case .byteFallback: .object(["type": .string("ByteFallback")])
        case .fuse: .object(["type": .string("Fuse")])
        case .replace(let pattern, let content): replacementJSON(pattern, content)
        case .metaspace(let replacement, let scheme): metaspaceJSON(replacement, scheme, splits: true)
        case .strip(let content, let start, let stop):
            .object([
                "type": .string("Strip"), "content": .string(content), "start": .number(Double(start)),
                "stop": .number(Double(stop)),
            ])
        }
    }
}

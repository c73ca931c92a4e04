extension DefinitionReader {
    func model(_ json: TokenizerJSON) throws(TokenizerError) -> TokenizerDefinition.Model {
        // Old files leave the type out; a list of merges means BPE.
        switch json.present("type")?.text ?? (json["merges"] != nil ? "BPE" : "Unigram") {
        case "BPE": return .bytePair(try bytePair(json))
        case "Unigram": return .unigram(try unigram(json))
        case let kind: throw unsupported("the model '\(kind)' is neither BPE nor Unigram")
        }
    }

    private func bytePair(_ json: TokenizerJSON) throws(TokenizerError) -> TokenizerDefinition.BytePair {
        if let dropout = json.present("dropout"), dropout.number != 0 {
            throw unsupported("BPE dropout makes tokens depend on chance")
        }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let affix = json.present(key), affix.bytes?.isEmpty != true {
                throw unsupported("the model's '\(key)' is not empty")
            }
        }
        var model = TokenizerDefinition.BytePair()
        model.unknownToken = json.present("unk_token")?.bytes
        model.fusesUnknown = try flag(json, "fuse_unk", default: false)
        model.fallsBackToBytes = try flag(json, "byte_fallback", default: false)
        model.ignoresMerges = try flag(json, "ignore_merges", default: false)
        guard let vocabulary = json["vocab"]?.object else { throw failure("'vocab' is not an object") }
        model.vocabulary.reserveCapacity(vocabulary.count)
        for member in vocabulary {
            guard let id = member.value.id else {
                let token = String(decoding: member.key, as: UTF8.self)
                throw failure("the id of token '\(token)' is not a number from 0 to \(TokenizerDefinition.largestID)")
            }
            model.vocabulary.append((member.key, id))
        }
        let merges = try list(json, "merges")
        model.merges.reserveCapacity(merges.count)
        for (index, merge) in merges.enumerated() { model.merges.append(try self.merge(merge, index)) }
        return model
    }

    private func merge(
        _ json: TokenizerJSON, _ index: Int
    ) throws(TokenizerError) -> (left: [UInt8], right: [UInt8]) {
        if let bytes = json.bytes, let pair = Self.mergePair(bytes) { return pair }
        if let pair = json.array, pair.count == 2, let left = pair[0].bytes, let right = pair[1].bytes {
            return (left, right)
        }
        throw failure("merge \(index) is not a pair of tokens")
    }

    /// The two tokens of `a b`, `nil` where there is not exactly one space.
    static func mergePair(_ bytes: [UInt8]) -> (left: [UInt8], right: [UInt8])? {
        guard let space = bytes.firstIndex(of: 0x20), !bytes[(space + 1)...].contains(0x20) else { return nil }
        return (Array(bytes[..<space]), Array(bytes[(space + 1)...]))
    }

    private func unigram(_ json: TokenizerJSON) throws(TokenizerError) -> TokenizerDefinition.Unigram {
        var model = TokenizerDefinition.Unigram()
        model.fallsBackToBytes = try flag(json, "byte_fallback", default: false)
        let vocabulary = try list(json, "vocab")
        if vocabulary.count > TokenizerDefinition.largestID { throw failure("the vocabulary is too large") }
        model.vocabulary.reserveCapacity(vocabulary.count)
        for (index, entry) in vocabulary.enumerated() {
            guard let entry = entry.array, entry.count == 2, let token = entry[0].bytes, let score = entry[1].number
            else {
                throw failure("entry \(index) of the vocabulary is not a token with a score")
            }
            model.vocabulary.append((token, score))
        }
        if let unknown = json.present("unk_id") {
            guard let id = unknown.id, id < model.vocabulary.count else { throw failure("'unk_id' is not an id") }
            model.unknownID = id
        }
        return model
    }

    /// Added tokens keep the id that the model's vocabulary gives them; the others are numbered after it in their
    /// order, which is what the ids in a sound file say too.
    func addedTokens(_ json: TokenizerJSON, to definition: inout TokenizerDefinition) throws(TokenizerError) {
        guard let list = json.array else { throw failure("'added_tokens' is not a list") }
        var known = ByteStringTable()
        var ids: [Int32] = []
        var next: Int32 = 0
        switch definition.model {
        case .bytePair(let model):
            for (token, id) in model.vocabulary where known.find(token) < 0 {
                _ = known.number(of: token)
                ids.append(id)
            }
            next = Int32(known.count)
        case .unigram(let model):
            for (index, entry) in model.vocabulary.enumerated() where known.find(entry.token) < 0 {
                _ = known.number(of: entry.token)
                ids.append(Int32(index))
            }
            next = Int32(model.vocabulary.count)
        }
        if list.count > TokenizerDefinition.largestID - Int(next) { throw failure("there are too many added tokens") }
        var places: [Int32: Int] = [:]
        for entry in list {
            guard entry["id"]?.id != nil, let content = entry["content"]?.bytes else {
                throw failure("an added token lacks its 'id' or its 'content'")
            }
            if content.isEmpty { continue }
            var token = AddedToken(id: 0, content: content)
            token.isSingleWord = try flag(entry, "single_word", default: false)
            token.stripsLeft = try flag(entry, "lstrip", default: false)
            token.stripsRight = try flag(entry, "rstrip", default: false)
            token.isSpecial = try flag(entry, "special", default: false)
            token.isNormalized = try flag(entry, "normalized", default: !token.isSpecial)
            let index = known.number(of: content)
            if index == ids.count {
                ids.append(next)
                next += 1
            }
            token.id = ids[index]
            if let place = places[token.id] {
                definition.addedTokens[place] = token
            } else {
                places[token.id] = definition.addedTokens.count
                definition.addedTokens.append(token)
            }
        }
    }
}

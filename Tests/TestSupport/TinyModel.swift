import Foundation

/// A folder of its own for each test, gone afterwards.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("selfpruner-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    package func callAsFunction(_ name: String) -> String { path + "/" + name }

    package func contents(_ name: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path + "/" + name).sorted()
    }

    package func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: self(name))) }

    @discardableResult
    package func write(_ name: String, _ bytes: some DataProtocol) throws -> String {
        let url = URL(fileURLWithPath: self(name))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return url.path
    }
}

/// A random model of ModelsTests' fixtures with a tokenizer of its vocabulary, and texts that share nothing.
package enum TinyModel {
    package static let contextLength = 256
    package static let endOfText: Int32 = 2

    /// Copies a fixture into `folder` under its name, and a tokenizer with it.
    /// - Parameter isProposer: it can write proposals: a context of 4096 tokens, and `=`, `:` and `>` in place of `X`,
    ///   `Y` and `Z`.
    package static func make(
        _ fixture: String = "gqa-untied", in folder: TemporaryFolder, chatTemplate: String? = nil,
        isProposer: Bool = false
    ) throws -> String {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("ModelsTests/Fixtures/\(fixture)")
        for name in ["config.json", "model.safetensors"] {
            try folder.write("\(fixture)/\(name)", Data(contentsOf: source.appendingPathComponent(name)))
        }
        try folder.write("\(fixture)/tokenizer.json", tokenizer(isProposer: isProposer))
        if isProposer {
            let data = try folder.data("\(fixture)/config.json")
            var configuration = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
            configuration["max_position_embeddings"] = 4096
            try folder.write(
                "\(fixture)/config.json", JSONSerialization.data(withJSONObject: configuration))
        }
        var configuration = ["bos_token": "<s>", "eos_token": "</s>"]
        configuration["chat_template"] = chatTemplate
        try folder.write(
            "\(fixture)/tokenizer_config.json", JSONSerialization.data(withJSONObject: configuration))
        return folder(fixture)
    }

    /// Words drawn at random, about three tokens each: two texts of different seeds share no long passage.
    package static func text(words count: Int, seed: UInt64) -> String {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        let drawn = (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return words[Int(state >> 33) % words.count]
        }
        return drawn.joined(separator: " ") + "\n"
    }

    /// Byte-level BPE with 96 tokens: three special ones, the characters below, and one token for each merge.
    package static let vocabulary: [String] =
        ["<unk>", "<s>", "</s>", "Ġ", "Ċ"] + characters("a"..."z") + characters("A"..."Z") + characters("0"..."9")
        + [".", ",", "'", "-", "!", "?"] + merges.map { $0.replacingOccurrences(of: " ", with: "") }

    private static let merges = [
        "Ġ t", "h e", "Ġt he", "i n", "e r", "o n", "r e", "a n", "Ġ a", "Ġ s", "Ġ w", "Ġ o", "e n", "Ġ b", "i t",
        "e s", "Ġ c", "Ġ f", "o u", "Ġ p", "a r", "in g", "n d",
    ]

    private static let words = [
        "the", "cat", "sat", "on", "a", "mat", "and", "then", "we", "went", "to", "find", "some", "other", "thing",
        "near", "water", "where", "birds", "sing", "over", "an", "open", "field", "before", "winter", "comes", "again",
        "with", "snow",
    ]

    private static func characters(_ range: ClosedRange<Unicode.Scalar>) -> [String] {
        (range.lowerBound.value...range.upperBound.value).compactMap { Unicode.Scalar($0).map(String.init) }
    }

    private static func tokenizer(isProposer: Bool) throws -> Data {
        let signs = isProposer ? ["X": "=", "Y": ":", "Z": ">"] : [:]
        let vocabulary = vocabulary.map { signs[$0] ?? $0 }
        let begin = ["id": "<s>", "type_id": 0] as [String: any Sendable]
        return try JSONSerialization.data(withJSONObject: [
            "version": "1.0", "normalizer": NSNull(),
            "added_tokens": (0..<3).map { ["id": $0, "content": vocabulary[$0], "special": true] },
            "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": false, "use_regex": true],
            "post_processor": [
                "type": "TemplateProcessing",
                "single": [["SpecialToken": begin], ["Sequence": ["id": "A", "type_id": 0]]],
                "pair": [], "special_tokens": ["<s>": ["id": "<s>", "ids": [1], "tokens": ["<s>"]]],
            ],
            "decoder": ["type": "ByteLevel"],
            "model": [
                "type": "BPE", "merges": merges,
                "vocab": Dictionary(uniqueKeysWithValues: vocabulary.enumerated().map { ($1, $0) }),
            ],
        ])
    }
}
